#include "data/png_check.hpp"

#include <algorithm>
#include <cstddef>

#include "common/error.hpp"
#include "data/png_signature.hpp"

namespace mapnet {

void check_png(const std::filesystem::path& file, std::span<const std::uint8_t> bytes) {
  if (!is_png(bytes)) return;
  // Each chunk: its length, a name of four letters, that many bytes, a checksum.
  for (std::span rest = bytes.subspan(kPngSignature.size()); rest.size() >= 8;) {
    const std::size_t length = std::size_t{rest[0]} << 24 | std::size_t{rest[1]} << 16 |
                               std::size_t{rest[2]} << 8 | std::size_t{rest[3]};
    if (length > rest.size() - 8) {
      fail("{}: expected {} bytes in a chunk of the PNG, found {}: truncated", file.string(),
           length, rest.size() - 8);
    }
    constexpr std::string_view last = "IEND";
    if (std::equal(last.begin(), last.end(), rest.begin() + 4)) return;
    rest = rest.subspan(std::min(8 + length + 4, rest.size()));
  }
}

}  // namespace mapnet
