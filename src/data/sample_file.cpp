#include "data/sample_file.hpp"

#include "common/error.hpp"

namespace mapnet {

SampleFile::SampleFile(std::size_t count, std::size_t pixel_bytes, std::size_t label_bytes)
    : count_(count),
      pixel_bytes_(pixel_bytes),
      label_bytes_(label_bytes),
      file_("samples", count * (pixel_bytes + label_bytes)) {}

/// Where a sample lies: there is such a one, and it has this size.
std::size_t SampleFile::offset(std::size_t sample, std::size_t pixels, std::size_t labels) const {
  if (sample >= count_ || pixels != pixel_bytes_ || labels != label_bytes_)
    fail("sample {} of {} bytes and {} of labels: the file has {} of {} and {}", sample, pixels,
         labels, count_, pixel_bytes_, label_bytes_);
  return sample * (pixel_bytes_ + label_bytes_);
}

void SampleFile::write(std::size_t sample, std::span<const std::uint8_t> pixels,
                       std::span<const std::uint8_t> labels) const {
  file_.write(offset(sample, pixels.size(), labels.size()), std::as_bytes(pixels),
              std::as_bytes(labels));
}

void SampleFile::read(std::size_t sample, std::span<std::uint8_t> pixels,
                      std::span<std::uint8_t> labels) const {
  file_.read(offset(sample, pixels.size(), labels.size()), std::as_writable_bytes(pixels),
             std::as_writable_bytes(labels));
}

}  // namespace mapnet
