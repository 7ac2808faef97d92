#include "device/cpu/hadamard.hpp"

#include <algorithm>
#include <array>

#include "device/cpu/vec16.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

/// One butterfly stage inside a vector: lane i becomes v[i] + v[i ^ h], or v[i ^ h] - v[i] where i
/// has bit h.
template <int h>
MAPNET_INLINE v16f stage_in_vector(const v16f& v) {
  constexpr v16i partner = {0 ^ h, 1 ^ h, 2 ^ h,  3 ^ h,  4 ^ h,  5 ^ h,  6 ^ h,  7 ^ h,
                            8 ^ h, 9 ^ h, 10 ^ h, 11 ^ h, 12 ^ h, 13 ^ h, 14 ^ h, 15 ^ h};
  constexpr std::uint32_t upper = h == 1 ? 0xaaaa : h == 2 ? 0xcccc : h == 4 ? 0xf0f0 : 0xff00;
  return __builtin_shuffle(v, partner) + flip_signs(v, upper);
}

MAPNET_INLINE v16f transform_16(const v16f& v) {
  return stage_in_vector<8>(stage_in_vector<4>(stage_in_vector<2>(stage_in_vector<1>(v))));
}

/// log2(R) stages over R vectors that lie `stride` floats apart, held in registers.
template <int R, bool kFirst>
MAPNET_INLINE void butterfly(float* x, std::size_t stride) {
  v16f v[R];
  for (int i = 0; i < R; ++i) {
    load(v[i], x + static_cast<std::size_t>(i) * stride);
    if (kFirst) v[i] = transform_16(v[i]);
  }
  for (int h = 1; h < R; h *= 2)
    for (int i = 0; i < R; ++i)
      if (!(i & h)) {
        const v16f a = v[i], b = v[i + h];
        v[i] = a + b;
        v[i + h] = a - b;
      }
  for (int i = 0; i < R; ++i) store(x + static_cast<std::size_t>(i) * stride, v[i]);
}

/// The stages stride, 2 stride ... R stride / 2 over the whole of x.
template <int R, bool kFirst = false>
MAPNET_INLINE void pass(float* x, std::size_t n, std::size_t stride) {
  for (std::size_t group = 0; group < n; group += R * stride)
    for (std::size_t i = group; i < group + stride; i += 16) butterfly<R, kFirst>(x + i, stride);
}

}  // namespace

// Sixteen points in a vector, then eightfold passes: a 2048-point transform reads and writes its 8
// KiB, which stay in L1, three times.
MAPNET_CPU_LEVELS void hadamard_transform(float* x, std::size_t n) {
  std::size_t stride = 16;
  const auto left = [&] { return n / stride; };
  if (left() >= 8)
    pass<8, true>(x, n, stride), stride *= 8;
  else if (left() == 4)
    pass<4, true>(x, n, stride), stride *= 4;
  else if (left() == 2)
    pass<2, true>(x, n, stride), stride *= 2;
  else
    pass<1, true>(x, n, stride);
  for (; left() >= 8; stride *= 8) pass<8>(x, n, stride);
  if (left() == 4) pass<4>(x, n, stride);
  if (left() == 2) pass<2>(x, n, stride);
}

namespace {

template <bool kAdd>
MAPNET_INLINE void signed_copy(float* y, const float* x, std::size_t n, const SignStream& signs,
                               std::size_t tile) {
  const std::uint64_t draws = (n + 127) / 128;  // of 128 signs each
  const std::uint32_t block = signs.block_word();
  for (std::uint64_t draw = 0; draw < draws; ++draw) {
    const std::array<std::uint32_t, 4> words =
        random_words(signs.seed, signs.stream, tile * draws + draw, block);
    const std::size_t begin = draw * 128, end = std::min(n, begin + 128);
    for (std::size_t i = begin; i < end; i += 16) {
      const std::uint32_t half = words[(i - begin) / 32] >> ((i - begin) % 32);
      v16f v;
      load(v, x + i);
      v = flip_signs(v, half);
      if (kAdd) {
        v16f sum;
        load(sum, y + i);
        v = sum + v;
      }
      store(y + i, v);
    }
  }
}

}  // namespace

MAPNET_CPU_LEVELS void apply_signs(float* y, const float* x, std::size_t n, const SignStream& signs,
                                   std::size_t tile) {
  signed_copy<false>(y, x, n, signs, tile);
}

MAPNET_CPU_LEVELS void add_with_signs(float* y, const float* x, std::size_t n,
                                      const SignStream& signs, std::size_t tile) {
  signed_copy<true>(y, x, n, signs, tile);
}

}  // namespace mapnet::cpu
