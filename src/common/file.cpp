#include "common/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "common/error.hpp"
#include "common/file_lock.hpp"
#include "common/replacing_file.hpp"

namespace mapnet {

namespace fs = std::filesystem;

fs::path absolute_path(const fs::path& path) { return fs::absolute(path); }

std::string read_file(const fs::path& path) {
  std::error_code ec;
  if (fs::is_directory(path, ec)) fail("{}: expected a file, found a folder", path.string());
  if (fs::exists(path, ec) && !fs::is_regular_file(path, ec))  // a device may have no end
    fail("{}: expected a regular file, found something else", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("{}: cannot open for reading: {}", path.string(), std::strerror(errno));
  std::string contents(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) fail("{}: read error", path.string());
  return contents;
}

void write_file_atomic(const fs::path& path, std::span<const std::string_view> parts,
                       const fs::path& previous) {
  ReplacingFile file(path);
  for (const std::string_view part : parts) file.write(part);
  file.put_in_place(previous);
}

void write_file_atomic(const fs::path& path, std::string_view contents) {
  write_file_atomic(path, std::span(&contents, 1));
}

namespace {

bool is_being_written(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool nobody = lock_now(fd);
  ::close(fd);
  return !nobody;
}

}  // namespace

void remove_unfinished(const fs::path& path) {
  std::error_code ec;
  const std::string begins = path.filename().string() + std::string(ReplacingFile::kUnfinished);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::vector<fs::path> found;
  for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec))
    if (at->path().filename().string().starts_with(begins)) found.push_back(at->path());
  for (const fs::path& file : found)
    if (!is_being_written(file)) fs::remove(file, ec);
}

}  // namespace mapnet
