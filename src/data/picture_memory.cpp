#include "data/picture_memory.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "common/error.hpp"
#include "data/image.hpp"
#include "data/input_file.hpp"
#include "data/jpeg_check.hpp"
#include "data/jpeg_segments.hpp"
#include "data/png_signature.hpp"

namespace mapnet {

namespace {

// Of the decoder and of vectors: tables, and what a block is rounded up to.
constexpr std::size_t kTables = std::size_t{128} << 10;
// As read_image is asked for at most.
constexpr std::size_t kChannels = 3;

/// A file's bytes, a block of it at a time.
class FileBytes {
 public:
  explicit FileBytes(const InputFile& file) : file_(file) {}

  /// The first block.
  std::span<const std::uint8_t> first() {
    if (begin_ > 0 || filled_ == 0) fill(0);
    return std::span(block_).first(filled_);
  }

  std::size_t size() const { return file_.size(); }
  /// The byte at that offset, which lies in the file.
  std::uint8_t operator[](std::size_t offset) {
    if (offset < begin_ || offset - begin_ >= filled_) fill(offset);
    return block_[offset - begin_];
  }
  /// A number, its first byte the highest; nothing where it does not end before the file does.
  std::optional<std::size_t> number(std::size_t offset, std::size_t bytes) {
    if (offset > size() || size() - offset < bytes) return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | (*this)[offset + i];
    return value;
  }

 private:
  void fill(std::size_t offset) {
    begin_ = offset;
    filled_ = std::min(block_.size(), size() - offset);
    file_.read(offset, std::span(block_).first(filled_));
  }

  const InputFile& file_;
  std::array<std::uint8_t, 4096> block_{};
  std::size_t begin_ = 0, filled_ = 0;
};

bool is_decoded(std::size_t width, std::size_t height) {
  return width > 0 && height > 0 && width <= kMaxImagePixels / height;
}

/// Where IHDR's contents begin; nothing where it is not there. Before it may be Apple's CgBI.
std::optional<std::size_t> png_header_at(FileBytes& file) {
  constexpr std::size_t kIhdr = 0x49484452, kChunks = 2;
  std::size_t at = kPngSignature.size();
  for (std::size_t i = 0; i < kChunks; ++i) {
    if (file.number(at + 4, 4) == kIhdr) return at + 8;
    const std::optional<std::size_t> length = file.number(at, 4);
    if (!length) break;
    at += 12 + *length;  // with its own bytes, its name and its checksum
  }
  return std::nullopt;
}

/// The packed data are gathered in a block that doubles, then unpacked to rows, whose block doubles
/// where they are interlaced or more follows them; those become pixels, of a palette or with
/// transparency once more, and these the channels asked for. Each stage goes when the next is
/// there.
std::size_t png_bytes(FileBytes& file) {
  const std::optional<std::size_t> header = png_header_at(file);
  if (!header || !file.number(*header, 13)) return 0;
  const std::size_t width = *file.number(*header, 4), height = *file.number(*header + 4, 4);
  if (!is_decoded(width, height)) return 0;
  const std::size_t sample = file[*header + 8] == 16 ? 2 : 1;
  constexpr std::array<std::size_t, 7> channels_of_type = {1, 1, 3, 1, 2, 1, 4};
  const std::size_t type = std::min<std::size_t>(file[*header + 9], 6);
  const bool palette = type == 3, interlaced = file[*header + 12] != 0;
  const std::size_t pixels = width * height, channels = channels_of_type[type];
  const std::size_t rows = 2 * (pixels * channels * sample + height);
  const std::size_t decoded =
      pixels * (palette ? 4 : std::min<std::size_t>(channels + 1, 4)) * sample;
  const std::size_t stages[] = {2 * file.size() + rows,
                                rows + decoded + (interlaced ? decoded / 2 : 0),
                                (palette ? pixels : 0) + decoded,
                                decoded + pixels * kChannels * sample, 2 * pixels * kChannels};
  return *std::ranges::max_element(stages);
}

/// Planes of the components in whole blocks, of a progressive file their coefficients too; then the
/// channels asked for.
std::size_t jpeg_bytes(FileBytes& file) {
  std::size_t at = 2;
  while (const auto marker = next_marker(file, at)) {
    if (!begins_frame(*marker)) {
      if (!stands_alone(*marker)) pass_segment(file, at);
      continue;
    }
    const JpegFrame frame = read_frame(file, at);
    if (frame.names.empty() || !is_decoded(frame.width, frame.height)) return 0;
    constexpr std::size_t block = 8 * 4;  // of at most four samples a pixel
    const std::size_t planes = (frame.width + block) * (frame.height + block) * frame.names.size();
    const std::size_t decoded = frame.width * frame.height * kChannels;
    return std::max(planes * (marker == kJpegProgressiveFrame ? 3 : 1) + decoded, 2 * decoded);
  }
  return 0;
}

}  // namespace

std::size_t reading_bytes(const std::filesystem::path& path) try {
  const InputFile file(path);
  if (file.size() < kPngSignature.size() || file.size() > kMaxImageFileBytes) return 0;
  FileBytes bytes(file);
  const std::size_t taken = is_png(bytes.first())    ? png_bytes(bytes)
                            : is_jpeg(bytes.first()) ? jpeg_bytes(bytes)
                                                     : 0;
  return taken > 0 ? file.size() + taken + kTables : 0;
} catch (const Error&) {
  return 0;
}

}  // namespace mapnet
