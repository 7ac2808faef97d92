#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "device/host_device.hpp"

/// Elementary functions with the same bits on every x86-64 level and on a GPU (compiled without
/// contraction): only IEEE add, multiply, divide and square root, in a fixed order. Polynomials are
/// the classic single-precision minimax ones (Cephes); each function says its measured error.
namespace mapnet::math {

MAPNET_HOST_DEVICE inline float bits_to_float(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

MAPNET_HOST_DEVICE inline std::uint32_t float_to_bits(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

inline constexpr float kIntegers = 12582912.0f;  // 1.5 * 2^23: floats there are 1 apart

/// Nearest integer for |x| < 2^22, ties to even.
MAPNET_HOST_DEVICE inline float round_to_int(float x) { return (x + kIntegers) - kIntegers; }

/// An integer |n| < 2^22 in two's complement; of NaN some number, where a cast would be undefined.
MAPNET_HOST_DEVICE inline std::uint32_t integer_bits(float n) {
  return float_to_bits(n + kIntegers) - float_to_bits(kIntegers);
}

/// Natural logarithm of a normal positive float; relative error below 2e-7.
MAPNET_HOST_DEVICE inline float log(float x) {
  const std::uint32_t bits = float_to_bits(x);
  // Mantissa in [sqrt(1/2), sqrt(2)).
  const std::uint32_t shifted = bits - 0x3f3504f3u;
  const float e = static_cast<float>(static_cast<std::int32_t>(shifted) >> 23);
  const float m = bits_to_float((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  const float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = m * z * p;
  y = y + e * -2.12194440e-4f;
  y = y - 0.5f * z;
  return (m + y) + e * 0.693359375f;
}

/// e^x for |x| < 87; relative error below 2e-7.
MAPNET_HOST_DEVICE inline float exp(float x) {
  const float n = round_to_int(x * 1.44269504088896341f);
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = p * (r * r) + r + 1.0f;
  return y * bits_to_float((integer_bits(n) + 127u) << 23);
}

/// Hyperbolic tangent; absolute error below 2e-7.
MAPNET_HOST_DEVICE inline float tanh(float x) {
  const float a = x < 0 ? -x : x;
  const float clamped = a > 9.0f ? 9.0f : a;  // tanh(9) rounds to 1
  const float large = 1.0f - 2.0f / (exp(2.0f * clamped) + 1.0f);
  const float z = a * a;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float small = p * z * a + a;
  const float y = a < 0.625f ? small : large;
  return x < 0 ? -y : y;
}

struct SinCos {
  float sin, cos;
};

/// Sine and cosine for |x| < 8192; absolute error below 2e-7 for |x| < 100.
MAPNET_HOST_DEVICE inline SinCos sincos(float x) {
  const float n = round_to_int(x * 0.636619772367581343f);  // quarter turns
  // pi/2 in three parts, each short enough for n * part to be exact.
  const float r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.54978995489188e-8f;
  const float z = r * r;
  float s = -1.9515295891e-4f;
  s = s * z + 8.3321608736e-3f;
  s = s * z - 1.6666654611e-1f;
  s = s * z * r + r;
  float c = 2.443315711809948e-5f;
  c = c * z - 1.388731625493765e-3f;
  c = c * z + 4.166664568298827e-2f;
  c = c * (z * z) - 0.5f * z + 1.0f;
  const std::uint32_t quarter = integer_bits(n);
  const bool swap = (quarter & 1u) != 0;
  const float a = swap ? c : s, b = swap ? s : c;
  return {(quarter & 2u) != 0 ? -a : a, ((quarter + 1u) & 2u) != 0 ? -b : b};
}

/// bfloat16 (the upper half of a float), rounded to nearest even; x must be finite.
MAPNET_HOST_DEVICE inline std::uint16_t to_bf16(float x) {
  const std::uint32_t bits = float_to_bits(x);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

MAPNET_HOST_DEVICE inline float from_bf16(std::uint16_t x) {
  return bits_to_float(static_cast<std::uint32_t>(x) << 16);
}

}  // namespace mapnet::math
