#include "data/jpeg_check.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

#include "common/error.hpp"

namespace mapnet {

namespace {

using Bytes = std::span<const std::uint8_t>;

// Second bytes of markers.
constexpr std::uint8_t kHuffmanTables = 0xc4, kFirstRestart = 0xd0, kBegin = 0xd8, kEnd = 0xd9,
                       kScan = 0xda, kTemporary = 0x01;

/// Whether the tables of a segment have at most 256 codes each; `rest` is the file from the
/// segment's length on. As in the decoder, a table that begins inside the segment may end behind
/// it, and behind the file's end there are zeros.
bool tables_fit(Bytes rest) {
  if (rest.size() < 2) return true;  // cut short: the decoder sees that
  const std::size_t length = std::size_t{rest[0]} << 8 | rest[1];
  for (std::size_t at = 2; at < length && at + 1 < rest.size();) {  // its kind, 16 counts
    const Bytes counts = rest.subspan(at + 1, std::min<std::size_t>(16, rest.size() - at - 1));
    const std::size_t codes = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
    if (codes > 256) return false;
    at += 17 + codes;
  }
  return true;
}

/// Markers that no segment's length follows.
bool stands_alone(std::uint8_t marker) {
  return marker == kTemporary || (marker >= kFirstRestart && marker <= kEnd);
}

/// The next marker from `at` on, data and padding passed over; `at` is then behind it.
std::optional<std::uint8_t> next_marker(Bytes bytes, std::size_t& at) {
  while (at + 1 < bytes.size())
    if (bytes[at++] == 0xff && bytes[at] != 0xff) return bytes[at++];
  return std::nullopt;
}

/// From a segment's length to behind the segment; of one that is cut to the end.
void pass_segment(Bytes bytes, std::size_t& at) {
  at = at + 1 < bytes.size() ? at + (std::size_t{bytes[at]} << 8 | bytes[at + 1]) : bytes.size();
}

/// Up to the end marker, that included; none where there is none. What lies in a segment is passed
/// over with it, as in the decoder: a preview has an end marker of its own. In the picture's data a
/// byte like a marker's first has a zero behind it.
Bytes up_to_end(Bytes bytes) {
  std::size_t at = 2;
  while (const auto marker = next_marker(bytes, at)) {
    if (marker == kEnd) return bytes.first(at);
    if (marker != 0 && !stands_alone(*marker)) pass_segment(bytes, at);
  }
  return {};
}

/// Segment by segment up to the picture's data, in which, and behind which, each such marker
/// counts.
bool all_tables_fit(Bytes bytes) {
  bool in_data = false;
  std::size_t at = 2;
  while (const auto marker = next_marker(bytes, at)) {
    if (marker == kHuffmanTables && !tables_fit(bytes.subspan(at))) return false;
    if (marker == kScan) in_data = true;
    if (!in_data && !stands_alone(*marker)) pass_segment(bytes, at);
  }
  return true;
}

}  // namespace

bool is_jpeg(Bytes bytes) { return bytes.size() >= 2 && bytes[0] == 0xff && bytes[1] == kBegin; }

Bytes check_jpeg(const std::filesystem::path& file, Bytes bytes) {
  if (!is_jpeg(bytes)) return bytes;
  const Bytes picture = up_to_end(bytes);
  if (picture.empty())
    fail("{}: expected the end marker of a JPEG, found none: truncated", file.string());
  if (!all_tables_fit(picture))
    fail("{}: expected Huffman tables of at most 256 codes, found more", file.string());
  return picture;
}

}  // namespace mapnet
