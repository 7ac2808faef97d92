#include "data/jpeg_check.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "common/error.hpp"
#include "data/image.hpp"

namespace mapnet {

namespace {

using Bytes = std::span<const std::uint8_t>;

// Second bytes of markers.
constexpr std::uint8_t kFirstFrame = 0xc0, kProgressiveFrame = 0xc2, kHuffmanTables = 0xc4,
                       kFirstRestart = 0xd0, kBegin = 0xd8, kEnd = 0xd9, kScan = 0xda,
                       kTemporary = 0x01;

/// Programs write about ten scans; far more have no use but to keep a reader busy.
constexpr std::size_t kMostScans = 500;
/// Pixels that all scans look at together: those of the largest picture 64 times.
constexpr std::size_t kMostVisits = 64 * kMaxImagePixels;

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

/// The size of a picture, and which of its components are in a scan.
struct Frame {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> names;  // of the components, in their order; none: no frame was found
  std::vector<bool> scanned;
};

/// Of a segment, `rest` as for tables_fit. One that is cut short, or has more components than there
/// can be, is no frame: the decoder sees that.
Frame read_frame(Bytes rest) {
  constexpr std::size_t components_at = 8, most_components = 4;
  if (rest.size() < components_at) return {};
  Frame frame{std::size_t{rest[5]} << 8 | rest[6], std::size_t{rest[3]} << 8 | rest[4], {}, {}};
  const std::size_t components = rest[7];
  if (components > most_components || rest.size() < components_at + 3 * components) return {};
  for (std::size_t c = 0; c < components; ++c) frame.names.push_back(rest[components_at + 3 * c]);
  frame.scanned.resize(components);
  return frame;
}

/// Marks the components of a scan, `rest` likewise. Of two components of one name the decoder fills
/// the first alone.
void mark_scanned(Bytes rest, Frame& frame) {
  if (rest.size() < 3) return;
  for (std::size_t at = 3; at < std::min(3 + 2 * std::size_t{rest[2]}, rest.size()); at += 2) {
    const auto found = std::ranges::find(frame.names, rest[at]) - frame.names.begin();
    if (static_cast<std::size_t>(found) < frame.names.size())
      frame.scanned[static_cast<std::size_t>(found)] = true;
  }
}

/// What is to be known of a file before it is decoded.
struct Survey {
  bool tables_fit = true;
  Frame frame;
  std::size_t scans = 0;
};

/// Segment by segment up to the picture's data, in which, and behind which, each such marker
/// counts.
Survey survey(Bytes bytes) {
  Survey found;
  std::size_t at = 2;
  while (const auto marker = next_marker(bytes, at)) {
    const Bytes rest = bytes.subspan(at);
    if (marker == kHuffmanTables && found.tables_fit) found.tables_fit = tables_fit(rest);
    const bool frame = marker >= kFirstFrame && marker <= kProgressiveFrame;
    if (frame && found.frame.names.empty()) found.frame = read_frame(rest);
    if (marker == kScan && ++found.scans <= kMostScans) mark_scanned(rest, found.frame);
    if (found.scans == 0 && !stands_alone(*marker)) pass_segment(bytes, at);
  }
  return found;
}

void check_scans(const std::filesystem::path& file, const Survey& found) {
  const Frame& frame = found.frame;
  const std::size_t pixels = frame.width * frame.height;
  if (pixels == 0 || pixels > kMaxImagePixels) return;  // nothing of that will be decoded
  const std::size_t most = std::min(kMostScans, kMostVisits / pixels);
  if (found.scans > most) {
    fail("{}: expected at most {} scans in a JPEG of {} x {}, found {}", file.string(), most,
         frame.width, frame.height, found.scans);
  }
  const auto missing = std::ranges::find(frame.scanned, false);
  if (missing != frame.scanned.end()) {
    fail("{}: expected a scan of each of the JPEG's {} components, found none of number {}",
         file.string(), frame.names.size(), missing - frame.scanned.begin() + 1);
  }
}

}  // namespace

bool is_jpeg(Bytes bytes) { return bytes.size() >= 2 && bytes[0] == 0xff && bytes[1] == kBegin; }

Bytes check_jpeg(const std::filesystem::path& file, Bytes bytes) {
  if (!is_jpeg(bytes)) return bytes;
  const Bytes picture = up_to_end(bytes);
  if (picture.empty())
    fail("{}: expected the end marker of a JPEG, found none: truncated", file.string());
  const Survey found = survey(picture);
  if (!found.tables_fit)
    fail("{}: expected Huffman tables of at most 256 codes, found more", file.string());
  check_scans(file, found);
  return picture;
}

}  // namespace mapnet
