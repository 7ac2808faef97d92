#include "common/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

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

void write_file_atomic(const fs::path& path, std::string_view contents) {
  std::error_code ec;
  if (path.has_parent_path()) {
    fs::create_directories(path.parent_path(), ec);
    if (ec) fail("{}: cannot create the folder: {}", path.parent_path().string(), ec.message());
  }
  const std::string temporary = path.string() + ".tmp" + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail("{}: cannot write: {}", path.string(), std::strerror(errno));
  auto give_up = [&](const char* what) {
    const int error = errno;
    ::close(fd);
    ::unlink(temporary.c_str());
    fail("{}: {} failed: {}", path.string(), what, std::strerror(error));
  };
  for (std::size_t done = 0; done < contents.size();) {
    const ssize_t n = ::write(fd, contents.data() + done, contents.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) give_up("write");
    done += static_cast<std::size_t>(n);
  }
  if (::fsync(fd) != 0) give_up("fsync");
  ::close(fd);
  fs::rename(temporary, path, ec);
  if (ec) {
    ::unlink(temporary.c_str());
    fail("{}: cannot rename the finished file into place: {}", path.string(), ec.message());
  }
}

}  // namespace mapnet
