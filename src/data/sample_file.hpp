#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace mapnet {

/// Samples of one size in a temporary file, for a run that has no memory for them: a step reads its
/// own. The file has no name: it is gone when the run is, however that ends. It lies in $TMPDIR,
/// else in /var/tmp, which unlike /tmp is a disk everywhere.
class SampleFile {
 public:
  /// Room for `count` samples. Throws Error naming the folder when there is none.
  SampleFile(std::size_t count, std::size_t pixel_bytes, std::size_t label_bytes);
  ~SampleFile();
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;

  void write(std::size_t sample, std::span<const std::uint8_t> pixels,
             std::span<const std::uint8_t> labels) const;
  void read(std::size_t sample, std::span<std::uint8_t> pixels,
            std::span<std::uint8_t> labels) const;

  std::size_t pixel_bytes() const { return pixel_bytes_; }
  std::size_t label_bytes() const { return label_bytes_; }

 private:
  [[noreturn]] void refuse(const char* what) const;
  void require(std::size_t sample, std::span<const std::uint8_t> pixels,
               std::span<const std::uint8_t> labels) const;

  std::filesystem::path folder_;
  std::size_t count_, pixel_bytes_, label_bytes_;
  int fd_ = -1;
};

}  // namespace mapnet
