#include "data/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/error.hpp"

namespace mapnet {

InputFile::InputFile(std::filesystem::path path) : path_(std::move(path)) {
  // Non-blocking, or opening a named pipe would wait for its writer; regular files do not mind.
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) fail("{}: cannot open for reading: {}", path_.string(), std::strerror(errno));
  struct stat status;
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd_);
    fail("{}: expected a regular file, found something else", path_.string());
  }
  size_ = static_cast<std::size_t>(status.st_size);
}

InputFile::~InputFile() { ::close(fd_); }

void InputFile::read(std::size_t offset, std::span<std::uint8_t> out) const {
  for (std::size_t done = 0; done < out.size();) {
    const ssize_t n =
        ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("{}: read error: {}", path_.string(), std::strerror(errno));
    if (n == 0) {
      fail("{}: expected {} bytes, found the end after {}", path_.string(), offset + out.size(),
           offset + done);
    }
    done += static_cast<std::size_t>(n);
  }
}

}  // namespace mapnet
