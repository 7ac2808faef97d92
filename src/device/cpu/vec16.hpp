#pragma once

#include <cstdint>

/// Sixteen float lanes as one value. GCC splits it into what the x86-64 level has (one AVX-512, two
/// AVX or four SSE registers); the lanes' arithmetic is the same on each.
namespace mapnet::cpu {

typedef float v16f __attribute__((vector_size(64)));
typedef std::int32_t v16i __attribute__((vector_size(64)));
typedef std::uint16_t v16h __attribute__((vector_size(32)));
// Loads and stores go through types with a float's alignment.
typedef float v16f_loose __attribute__((vector_size(64), aligned(4), may_alias));
typedef std::uint16_t v16h_loose __attribute__((vector_size(32), aligned(2), may_alias));

#define MAPNET_INLINE [[gnu::always_inline]] inline

MAPNET_INLINE void load(v16f& v, const float* p) { v = *reinterpret_cast<const v16f_loose*>(p); }

MAPNET_INLINE void load(v16f& v, const std::uint16_t* bf16) {
  const v16h half = *reinterpret_cast<const v16h_loose*>(bf16);
  v = reinterpret_cast<v16f>(__builtin_convertvector(half, v16i) << 16);
}

MAPNET_INLINE void store(float* p, const v16f& v) { *reinterpret_cast<v16f_loose*>(p) = v; }

/// Sum of the lanes, always in the same order.
MAPNET_INLINE float lane_sum(const v16f& v) {
  float sum8[8], sum4[4];
  for (int i = 0; i < 8; ++i) sum8[i] = v[i] + v[i + 8];
  for (int i = 0; i < 4; ++i) sum4[i] = sum8[i] + sum8[i + 4];
  return (sum4[0] + sum4[2]) + (sum4[1] + sum4[3]);
}

/// Lane i of v negated where bit i of `signs` is set.
MAPNET_INLINE v16f flip_signs(const v16f& v, std::uint32_t signs) {
  constexpr v16i shift = {31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16};
  const v16i all = v16i{} + static_cast<std::int32_t>(signs);
  const v16i sign_bits = (all << shift) & static_cast<std::int32_t>(0x80000000u);
  return reinterpret_cast<v16f>(reinterpret_cast<v16i>(v) ^ sign_bits);
}

}  // namespace mapnet::cpu
