#include "data/jpeg_check.hpp"

#include <algorithm>
#include <array>
#include <numeric>

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

/// Segment by segment up to the picture's data, in which, and behind which, each such marker
/// counts.
bool all_tables_fit(Bytes bytes) {
  bool in_data = false;
  for (std::size_t at = 2; at + 1 < bytes.size();) {
    if (bytes[at++] != 0xff || bytes[at] == 0xff) continue;  // padding
    const std::uint8_t marker = bytes[at++];
    if (marker == kHuffmanTables && !tables_fit(bytes.subspan(at))) return false;
    const bool alone = marker == kTemporary || (marker >= kFirstRestart && marker <= kEnd);
    if (marker == kScan) in_data = true;
    if (in_data || alone) continue;
    if (at + 1 >= bytes.size()) return true;
    at += std::size_t{bytes[at]} << 8 | bytes[at + 1];
  }
  return true;
}

}  // namespace

bool is_jpeg(Bytes bytes) { return bytes.size() >= 2 && bytes[0] == 0xff && bytes[1] == kBegin; }

void check_jpeg(const std::filesystem::path& file, Bytes bytes) {
  if (!is_jpeg(bytes)) return;
  const Bytes tail = bytes.last(std::min<std::size_t>(4096, bytes.size()));
  constexpr std::array<std::uint8_t, 2> end = {0xff, kEnd};
  if (std::search(tail.begin(), tail.end(), end.begin(), end.end()) == tail.end())
    fail("{}: expected the end marker of a JPEG, found none: truncated", file.string());
  if (!all_tables_fit(bytes))
    fail("{}: expected Huffman tables of at most 256 codes, found more", file.string());
}

}  // namespace mapnet
