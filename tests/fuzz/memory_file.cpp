#include "fuzz/memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace mapnet::fuzz {

MemoryFile::MemoryFile() : fd_(::memfd_create("mapnet-fuzz", MFD_CLOEXEC)) {
  if (fd_ < 0) std::abort();
  path_ = "/proc/self/fd/" + std::to_string(fd_);
}

MemoryFile::~MemoryFile() { ::close(fd_); }

const std::filesystem::path& MemoryFile::hold(std::span<const std::uint8_t> bytes) {
  if (::ftruncate(fd_, 0) != 0) std::abort();
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n <= 0) std::abort();
    done += static_cast<std::size_t>(n);
  }
  return path_;
}

const std::filesystem::path& MemoryFile::hold(std::string_view bytes) {
  return hold({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace mapnet::fuzz
