#include "device/cpu/dense_rows.hpp"

#include <cstdint>

#include "device/cpu/vec16.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

template <class T>
MAPNET_INLINE void forward(float* u, const T* W, const float* z, float scale, std::size_t rows,
                           std::size_t ld) {
  for (std::size_t i = 0; i < rows; ++i, W += ld) {
    v16f sum0{}, sum1{}, w, x;  // two chains hide the latency of the add
    std::size_t k = 0;
    for (; k + 32 <= ld; k += 32) {
      load(w, W + k), load(x, z + k);
      sum0 += w * x;
      load(w, W + k + 16), load(x, z + k + 16);
      sum1 += w * x;
    }
    if (k < ld) {
      load(w, W + k), load(x, z + k);
      sum0 += w * x;
    }
    u[i] += scale * lane_sum(sum0 + sum1);
  }
}

/// Four rows at a time: dz, in L1, is read and written once for each four.
template <class T>
MAPNET_INLINE void backward(float* dz, const T* W, const float* g, std::size_t rows,
                            std::size_t ld) {
  std::size_t i = 0;
  for (; i + 4 <= rows; i += 4, W += 4 * ld)
    for (std::size_t k = 0; k < ld; k += 16) {
      v16f sum, w0, w1, w2, w3;
      load(sum, dz + k);
      load(w0, W + k), load(w1, W + ld + k), load(w2, W + 2 * ld + k), load(w3, W + 3 * ld + k);
      sum += (w0 * g[i] + w1 * g[i + 1]) + (w2 * g[i + 2] + w3 * g[i + 3]);
      store(dz + k, sum);
    }
  for (; i < rows; ++i, W += ld)
    for (std::size_t k = 0; k < ld; k += 16) {
      v16f sum, w;
      load(sum, dz + k), load(w, W + k);
      store(dz + k, sum + w * g[i]);
    }
}

MAPNET_CPU_LEVELS void forward_f32(float* u, const float* W, const float* z, float scale,
                                   std::size_t rows, std::size_t ld) {
  forward(u, W, z, scale, rows, ld);
}
MAPNET_CPU_LEVELS void forward_bf16(float* u, const std::uint16_t* W, const float* z, float scale,
                                    std::size_t rows, std::size_t ld) {
  forward(u, W, z, scale, rows, ld);
}
MAPNET_CPU_LEVELS void backward_f32(float* dz, const float* W, const float* g, std::size_t rows,
                                    std::size_t ld) {
  backward(dz, W, g, rows, ld);
}
MAPNET_CPU_LEVELS void backward_bf16(float* dz, const std::uint16_t* W, const float* g,
                                     std::size_t rows, std::size_t ld) {
  backward(dz, W, g, rows, ld);
}

}  // namespace

void DenseRows::add_forward(float* u, const float* z, float scale, std::size_t first,
                            std::size_t rows) const {
  if (kind == MapKind::dense)
    forward_f32(u, static_cast<const float*>(W) + first * ld, z, scale, rows, ld);
  else
    forward_bf16(u, static_cast<const std::uint16_t*>(W) + first * ld, z, scale, rows, ld);
}

void DenseRows::add_backward(float* dz, const float* g, std::size_t first, std::size_t rows) const {
  if (kind == MapKind::dense)
    backward_f32(dz, static_cast<const float*>(W) + first * ld, g, rows, ld);
  else
    backward_bf16(dz, static_cast<const std::uint16_t*>(W) + first * ld, g, rows, ld);
}

}  // namespace mapnet::cpu
