#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/nameless_file.hpp"

namespace mapnet {

/// Samples of one size in a temporary file, for a run that has no memory for them: a step reads its
/// own.
class SampleFile {
 public:
  /// Room for `count` samples. Throws Error naming the folder when there is none.
  SampleFile(std::size_t count, std::size_t pixel_bytes, std::size_t label_bytes);

  void write(std::size_t sample, std::span<const std::uint8_t> pixels,
             std::span<const std::uint8_t> labels) const;
  void read(std::size_t sample, std::span<std::uint8_t> pixels,
            std::span<std::uint8_t> labels) const;

  std::size_t pixel_bytes() const { return pixel_bytes_; }
  std::size_t label_bytes() const { return label_bytes_; }

 private:
  std::size_t offset(std::size_t sample, std::size_t pixels, std::size_t labels) const;

  std::size_t count_, pixel_bytes_, label_bytes_;
  NamelessFile file_;
};

}  // namespace mapnet
