#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

/// The segments of a JPEG, in bytes wherever these lie: a type of them has size() and [].
namespace mapnet {

// Second bytes of markers.
inline constexpr std::uint8_t kJpegFirstFrame = 0xc0, kJpegProgressiveFrame = 0xc2,
                              kJpegHuffmanTables = 0xc4, kJpegFirstRestart = 0xd0,
                              kJpegBegin = 0xd8, kJpegEnd = 0xd9, kJpegScan = 0xda,
                              kJpegTemporary = 0x01;

/// Whether a marker begins the description of a picture that can be decoded.
inline bool begins_frame(std::uint8_t marker) {
  return marker >= kJpegFirstFrame && marker <= kJpegProgressiveFrame;
}

/// Markers that no segment's length follows.
inline bool stands_alone(std::uint8_t marker) {
  return marker == kJpegTemporary || (marker >= kJpegFirstRestart && marker <= kJpegEnd);
}

/// The next marker from `at` on, data and padding passed over; `at` is then behind it.
template <class Bytes>
std::optional<std::uint8_t> next_marker(Bytes& bytes, std::size_t& at) {
  while (at + 1 < bytes.size())
    if (bytes[at++] == 0xff && bytes[at] != 0xff) return bytes[at++];
  return std::nullopt;
}

/// From a segment's length to behind the segment; of one that is cut to the end.
template <class Bytes>
void pass_segment(Bytes& bytes, std::size_t& at) {
  at = at + 1 < bytes.size() ? at + (std::size_t{bytes[at]} << 8 | bytes[at + 1]) : bytes.size();
}

/// The size of a picture, and which of its components are in a scan.
struct JpegFrame {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> names;  // of the components, in their order; none: no frame was found
  std::vector<bool> scanned;
};

/// Of a segment whose length is at `at`. One that is cut short, or has more components than there
/// can be, is no frame: the decoder sees that.
template <class Bytes>
JpegFrame read_frame(Bytes& bytes, std::size_t at) {
  constexpr std::size_t components_at = 8, most_components = 4;
  if (bytes.size() - at < components_at) return {};
  JpegFrame frame{std::size_t{bytes[at + 5]} << 8 | bytes[at + 6],
                  std::size_t{bytes[at + 3]} << 8 | bytes[at + 4],
                  {},
                  {}};
  const std::size_t components = bytes[at + 7];
  if (components > most_components || bytes.size() - at < components_at + 3 * components) return {};
  for (std::size_t c = 0; c < components; ++c)
    frame.names.push_back(bytes[at + components_at + 3 * c]);
  frame.scanned.resize(components);
  return frame;
}

}  // namespace mapnet
