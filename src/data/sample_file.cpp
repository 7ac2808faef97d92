#include "data/sample_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/bytes.hpp"
#include "common/error.hpp"

namespace mapnet {

namespace {

std::filesystem::path folder_of_temporaries() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen && *chosen ? chosen : "/var/tmp";
}

int open_nameless(const std::filesystem::path& folder) {
  std::string name = (folder / "mapnet-samples-XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

}  // namespace

SampleFile::SampleFile(std::size_t count, std::size_t pixel_bytes, std::size_t label_bytes)
    : folder_(folder_of_temporaries()),
      count_(count),
      pixel_bytes_(pixel_bytes),
      label_bytes_(label_bytes),
      fd_(open_nameless(folder_)) {
  const std::size_t bytes = count * (pixel_bytes + label_bytes);
  if (fd_ < 0)
    fail("{}: no temporary file can be made there for {} of samples: {}; TMPDIR names the folder",
         folder_.string(), format_bytes(bytes), std::strerror(errno));
  // All of it now: a full disk is better found before training than in the middle.
  if (const int error = ::posix_fallocate(fd_, 0, static_cast<off_t>(bytes)); error != 0) {
    ::close(fd_);
    fail("{}: no room for {} of samples: {}; TMPDIR names the folder", folder_.string(),
         format_bytes(bytes), std::strerror(error));
  }
}

SampleFile::~SampleFile() { ::close(fd_); }

void SampleFile::refuse(const char* what) const {
  fail("temporary file of samples in {}: {}: {}", folder_.string(), what, std::strerror(errno));
}

/// There is such a sample, and it has this size.
void SampleFile::require(std::size_t sample, std::span<const std::uint8_t> pixels,
                         std::span<const std::uint8_t> labels) const {
  if (sample >= count_ || pixels.size() != pixel_bytes_ || labels.size() != label_bytes_)
    fail("sample {} of {} bytes and {} of labels: the file has {} of {} and {}", sample,
         pixels.size(), labels.size(), count_, pixel_bytes_, label_bytes_);
}

namespace {

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

void SampleFile::write(std::size_t sample, std::span<const std::uint8_t> pixels,
                       std::span<const std::uint8_t> labels) const {
  require(sample, pixels, labels);
  const std::array<iovec, 2> parts = {{{const_cast<std::uint8_t*>(pixels.data()), pixels.size()},
                                       {const_cast<std::uint8_t*>(labels.data()), labels.size()}}};
  if (!transfer(parts, sample * (pixel_bytes_ + label_bytes_),
                [&](const iovec* from, off_t at) { return ::pwritev(fd_, from, 2, at); }))
    refuse("cannot write");
}

void SampleFile::read(std::size_t sample, std::span<std::uint8_t> pixels,
                      std::span<std::uint8_t> labels) const {
  require(sample, pixels, labels);
  if (!transfer({{{pixels.data(), pixels.size()}, {labels.data(), labels.size()}}},
                sample * (pixel_bytes_ + label_bytes_),
                [&](const iovec* to, off_t at) { return ::preadv(fd_, to, 2, at); }))
    refuse("cannot read");
}

}  // namespace mapnet
