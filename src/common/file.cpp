#include "common/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "common/error.hpp"

namespace mapnet {

namespace fs = std::filesystem;

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

namespace {

constexpr const char* kUnfinished = ".tmp";

/// A file that is gone unless it was put in its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target)
      : target_(target.string()), path_(target_ + kUnfinished + std::to_string(::getpid())) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ < 0) fail("{}: cannot write: {}", target_, std::strerror(errno));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void write(std::string_view contents) {
    while (!contents.empty()) {
      const ssize_t n = ::write(fd_, contents.data(), contents.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) give_up("write");
      contents.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void close() {
    if (::fsync(fd_) != 0) give_up("fsync");
    if (::close(std::exchange(fd_, -1)) != 0) give_up("close");
  }

  void put_in_place() {
    if (::rename(path_.c_str(), target_.c_str()) != 0)
      give_up("renaming the finished file into place");
    path_.clear();
  }

 private:
  [[noreturn]] void give_up(const char* what) const {
    fail("{}: {} failed: {}", target_, what, std::strerror(errno));
  }

  std::string target_, path_;
  int fd_ = -1;
};

/// A renamed file is found after a power failure once its folder is on disk. Some file systems
/// cannot sync a folder; then there is nothing more to be done.
void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

void write_file_atomic(const fs::path& path, std::span<const std::string_view> parts,
                       const fs::path& previous) {
  std::error_code ec;
  if (path.has_parent_path()) {
    fs::create_directories(path.parent_path(), ec);
    if (ec) fail("{}: cannot create the folder: {}", path.parent_path().string(), ec.message());
  }
  TemporaryFile file(path);
  for (const std::string_view part : parts) file.write(part);
  file.close();
  if (!previous.empty() && fs::exists(path, ec)) {
    fs::rename(path, previous, ec);
    if (ec) fail("{}: cannot keep it as {}: {}", path.string(), previous.string(), ec.message());
  }
  file.put_in_place();
  sync_folder(path.parent_path());
}

void write_file_atomic(const fs::path& path, std::string_view contents) {
  write_file_atomic(path, std::span(&contents, 1));
}

void remove_unfinished(const fs::path& path) {
  std::error_code ec;
  const std::string begins = path.filename().string() + kUnfinished;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::vector<fs::path> found;
  for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec))
    if (at->path().filename().string().starts_with(begins)) found.push_back(at->path());
  for (const fs::path& file : found) fs::remove(file, ec);
}

}  // namespace mapnet
