#include "common/nameless_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/bytes.hpp"
#include "common/error.hpp"

namespace mapnet {

namespace {

std::filesystem::path folder_of_temporaries() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen && *chosen ? chosen : "/var/tmp";
}

int open_nameless(const std::filesystem::path& folder) {
  std::string name = (folder / "mapnet-XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

/// Does the whole transfer, in as many calls as it takes. False at the end of the file or on error.
template <class Call>
bool transfer(std::array<iovec, 2> parts, std::size_t offset, const Call& call) {
  while (parts[0].iov_len + parts[1].iov_len > 0) {
    const ssize_t n = call(parts.data(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    auto done = static_cast<std::size_t>(n);
    offset += done;
    for (iovec& part : parts) {
      const std::size_t of_part = done < part.iov_len ? done : part.iov_len;
      part.iov_base = static_cast<char*>(part.iov_base) + of_part;
      part.iov_len -= of_part;
      done -= of_part;
    }
  }
  return true;
}

}  // namespace

NamelessFile::NamelessFile(std::string contents, std::size_t bytes)
    : contents_(std::move(contents)),
      folder_(folder_of_temporaries()),
      fd_(open_nameless(folder_)) {
  if (fd_ < 0)
    fail("{}: no temporary file can be made there for {} of {}: {}; TMPDIR names the folder",
         folder_.string(), format_bytes(bytes), contents_, std::strerror(errno));
  if (const int error = ::posix_fallocate(fd_, 0, static_cast<off_t>(bytes)); error != 0) {
    ::close(fd_);
    fail("{}: no room for {} of {}: {}; TMPDIR names the folder", folder_.string(),
         format_bytes(bytes), contents_, std::strerror(error));
  }
}

NamelessFile::~NamelessFile() { ::close(fd_); }

void NamelessFile::refuse(const char* what) const {
  fail("temporary file of {} in {}: {}: {}", contents_, folder_.string(), what,
       std::strerror(errno));
}

void NamelessFile::write(std::size_t offset, std::span<const std::byte> first,
                         std::span<const std::byte> second) const {
  const std::array<iovec, 2> parts = {{{const_cast<std::byte*>(first.data()), first.size()},
                                       {const_cast<std::byte*>(second.data()), second.size()}}};
  if (!transfer(parts, offset,
                [&](const iovec* from, off_t at) { return ::pwritev(fd_, from, 2, at); }))
    refuse("cannot write");
}

void NamelessFile::read(std::size_t offset, std::span<std::byte> first,
                        std::span<std::byte> second) const {
  if (!transfer({{{first.data(), first.size()}, {second.data(), second.size()}}}, offset,
                [&](const iovec* to, off_t at) { return ::preadv(fd_, to, 2, at); }))
    refuse("cannot read");
}

}  // namespace mapnet
