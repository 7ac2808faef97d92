#include "data/idx.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "common/error.hpp"
#include "data/input_file.hpp"

namespace mapnet {

namespace {

constexpr std::uint32_t magic_of(std::size_t dimensions) {
  return 0x00000800u + static_cast<std::uint32_t>(dimensions);  // 0x08: unsigned bytes
}

/// A header's sizes against the bytes that follow it.
void check_length(const std::filesystem::path& path, std::span<const std::size_t> sizes,
                  std::size_t found) {
  const std::string product = fmt::format("{}", fmt::join(sizes, " x "));  // 60000 x 28 x 28
  std::size_t bytes = 1;
  for (const std::size_t size : sizes) {
    if (size == 0)
      fail("{}: expected sizes above 0 in the header, found {}", path.string(), product);
    // A corrupt header's product may overflow: stop as soon as it is past what is there.
    if (bytes > found / size) {
      fail("{}: expected {} bytes after the header, as it says, found {}: truncated", path.string(),
           product, found);
    }
    bytes *= size;
  }
  if (bytes == found) return;
  fail("{}: expected {} = {} bytes after the header, as it says, found {}: {} too many",
       path.string(), product, bytes, found, found - bytes);
}

/// The sizes in the header of an IDX file of N dimensions.
template <std::size_t N>
std::array<std::size_t, N> read_header(const std::filesystem::path& path, std::string_view what) {
  const InputFile file(path);
  constexpr std::size_t header_bytes = 4 + 4 * N;
  if (file.size() < header_bytes) {
    fail("{}: expected an IDX header of {} bytes ({}), found a file of {}: truncated",
         path.string(), header_bytes, what, file.size());
  }
  std::array<std::uint8_t, header_bytes> header;
  file.read(0, header);
  const auto word = [&](std::size_t i) {
    return std::uint32_t{header[4 * i]} << 24 | std::uint32_t{header[4 * i + 1]} << 16 |
           std::uint32_t{header[4 * i + 2]} << 8 | std::uint32_t{header[4 * i + 3]};
  };
  if (word(0) != magic_of(N)) {
    fail("{}: expected the IDX magic 0x{:08x} ({}), found 0x{:08x}", path.string(), magic_of(N),
         what, word(0));
  }
  std::array<std::size_t, N> sizes;
  for (std::size_t i = 0; i < N; ++i) sizes[i] = word(i + 1);
  check_length(path, sizes, file.size() - header_bytes);
  return sizes;
}

/// Items of `item` bytes from `first` on, of `count` behind the header.
void read_items(const std::filesystem::path& path, std::size_t header_bytes, std::size_t item,
                std::size_t count, std::size_t first, std::span<std::uint8_t> out) {
  if (out.size() % item != 0 || first > count || out.size() / item > count - first) {
    fail("{}: expected a buffer of {} bytes for each of at most {} items to read into, found {}",
         path.string(), item, first > count ? 0 : count - first, out.size());
  }
  InputFile(path).read(header_bytes + first * item, out);
}

void require_whole(const std::filesystem::path& path, std::size_t bytes,
                   std::span<std::uint8_t> out) {
  if (out.size() != bytes) {
    fail("{}: expected a buffer of {} bytes to read into, found {}", path.string(), bytes,
         out.size());
  }
}

}  // namespace

IdxImages open_idx_images(const std::filesystem::path& file) {
  const auto [count, height, width] = read_header<3>(file, "images");
  return {file, count, height, width};
}

IdxLabels open_idx_labels(const std::filesystem::path& file) {
  const auto [count] = read_header<1>(file, "labels");
  return {file, count};
}

void read_idx(const IdxImages& images, std::span<std::uint8_t> out) {
  require_whole(images.file, images.count * images.height * images.width, out);
  read_idx(images, 0, out);
}

void read_idx(const IdxImages& images, std::size_t first, std::span<std::uint8_t> out) {
  read_items(images.file, 16, images.height * images.width, images.count, first, out);
}

void read_idx(const IdxLabels& labels, std::size_t classes, std::span<std::uint8_t> out) {
  require_whole(labels.file, labels.count, out);
  read_idx(labels, classes, 0, out);
}

void read_idx(const IdxLabels& labels, std::size_t classes, std::size_t first,
              std::span<std::uint8_t> out) {
  read_items(labels.file, 8, 1, labels.count, first, out);
  const auto bad = std::ranges::find_if(out, [&](std::uint8_t label) { return label >= classes; });
  if (bad != out.end()) {
    fail("{}: expected labels below {}, found {} at index {}", labels.file.string(), classes, *bad,
         first + static_cast<std::size_t>(bad - out.begin()));
  }
}

}  // namespace mapnet
