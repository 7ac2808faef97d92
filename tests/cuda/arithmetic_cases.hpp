#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "device/ops/activation.hpp"
#include "device/ops/adam.hpp"
#include "device/ops/augment.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/ema.hpp"
#include "device/random.hpp"

namespace mapnet::test {

inline constexpr std::size_t kResultsPerCase = 30;

/// Every function the CPU and CUDA twins share, evaluated on inputs drawn for `index`.
MAPNET_HOST_DEVICE inline void arithmetic_case(std::uint64_t index, float* out) {
  const std::array<std::uint32_t, 4> words = random_words(7, Stream::shuffle, index, 3);
  const std::array<float, 4> x = random_normals(7, Stream::base, index);
  std::size_t n = 0;
  for (int k = 0; k < 4; ++k) out[n++] = math::bits_to_float(words[k] >> 9 | 0x3f800000u);
  for (int k = 0; k < 4; ++k) out[n++] = x[k];
  out[n++] = math::exp(10.0f * x[0]);
  out[n++] = math::log(x[1] * x[1] + 1e-3f);
  out[n++] = math::sincos(30.0f * x[2]).sin;
  out[n++] = math::sincos(30.0f * x[2]).cos;
  out[n++] = activate(Activation::tanh, 1.0f, x[3]);
  out[n++] = activation_slope(Activation::tanh, 1.0f, x[3]);
  out[n++] = activate(Activation::sine, 2.0f, x[0]);
  out[n++] = activation_slope(Activation::sine, 2.0f, x[0]);
  out[n++] = math::from_bf16(math::to_bf16(x[1]));
  float value = x[0], m = 0.1f * x[1], v = x[2] * x[2];
  adam_update(value, m, v, x[3], AdamDesc{.weight_decay = 0.25f}, {0.05f, 22.0f, 0.03f});
  out[n++] = value;
  out[n++] = m;
  out[n++] = v;
  float drow[4];
  bool hit = false;
  const int label = static_cast<int>(words[0] % 4);
  out[n++] = cross_entropy_row(x.data(), 4, label, 0.5f, 0.1f, drow, hit);
  for (int k = 0; k < 3; ++k) out[n++] = drow[k];
  out[n++] = ema_update(x[0], x[1], std::abs(0.3f * x[2]));
  const Augmentation a =
      draw_augmentation({5, true, 9, 7}, 28, 28, static_cast<std::int64_t>(index), 3);
  for (const int drawn : {a.dx, a.dy, static_cast<int>(a.flip), a.cut_x, a.cut_y})
    out[n++] = static_cast<float>(drawn);
}

/// arithmetic_case for index 0 ... cases on the device: kResultsPerCase values each.
std::vector<float> arithmetic_on_device(std::size_t cases);

}  // namespace mapnet::test
