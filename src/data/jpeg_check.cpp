#include "data/jpeg_check.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <vector>

#include "common/error.hpp"
#include "data/image.hpp"
#include "data/jpeg_segments.hpp"

namespace mapnet {

namespace {

using Bytes = std::span<const std::uint8_t>;

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

/// Up to the end marker, that included; none where there is none. What lies in a segment is passed
/// over with it, as in the decoder: a preview has an end marker of its own. In the picture's data a
/// byte like a marker's first has a zero behind it.
Bytes up_to_end(Bytes bytes) {
  std::size_t at = 2;
  while (const auto marker = next_marker(bytes, at)) {
    if (marker == kJpegEnd) return bytes.first(at);
    if (marker != 0 && !stands_alone(*marker)) pass_segment(bytes, at);
  }
  return {};
}

/// Marks the components of a scan, `rest` as for tables_fit. Of two components of one name the
/// decoder fills the first alone.
void mark_scanned(Bytes rest, JpegFrame& frame) {
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
  JpegFrame frame;
  std::size_t scans = 0;
};

/// Segment by segment up to the picture's data, in which, and behind which, each such marker
/// counts.
Survey survey(Bytes bytes) {
  Survey found;
  std::size_t at = 2;
  while (const auto marker = next_marker(bytes, at)) {
    const Bytes rest = bytes.subspan(at);
    if (marker == kJpegHuffmanTables && found.tables_fit) found.tables_fit = tables_fit(rest);
    if (begins_frame(*marker) && found.frame.names.empty()) found.frame = read_frame(bytes, at);
    if (marker == kJpegScan && ++found.scans <= kMostScans) mark_scanned(rest, found.frame);
    if (found.scans == 0 && !stands_alone(*marker)) pass_segment(bytes, at);
  }
  return found;
}

void check_scans(const std::filesystem::path& file, const Survey& found) {
  const JpegFrame& frame = found.frame;
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

bool is_jpeg(Bytes bytes) {
  return bytes.size() >= 2 && bytes[0] == 0xff && bytes[1] == kJpegBegin;
}

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
