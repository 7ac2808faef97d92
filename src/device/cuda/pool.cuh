#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

/// Max-pooling that keeps where each maximum was, in a byte: row * k + column within the window.
/// k is at most 16.
namespace mapnet::cuda {

/// k x k windows, stride k, on planes of x [planes, h, w]; y [planes, pooled_h, pooled_w].
struct PoolPlanes {
  unsigned planes, h, w, k, pooled_h, pooled_w, channels;
};

/// y = max of a window + bias [channels], which may be null; argmax: where, the first in row-major
/// order. Rows are those of y. K: the window, or 0 for s.k.
template <unsigned K>
__global__ void pool_forward_kernel(float* y, std::uint8_t* argmax, const float* x,
                                    const float* bias, PoolPlanes s) {
  const unsigned k = K > 0 ? K : s.k;
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.pooled_h, at = row % s.pooled_h;
  if (plane >= s.planes) return;
  const float* rows = x + (static_cast<std::size_t>(plane) * s.h + at * k) * s.w;
  const float b = bias ? bias[plane % s.channels] : 0.0f;
  for (unsigned column = threadIdx.x; column < s.pooled_w; column += blockDim.x) {
    const float* window = rows + column * k;
    float most = window[0];
    unsigned where = 0;
    for (unsigned i = 0; i < k; ++i)
      for (unsigned j = 0; j < k; ++j)
        if (window[i * s.w + j] > most) {
          most = window[i * s.w + j];
          where = i * k + j;
        }
    const std::size_t out = static_cast<std::size_t>(row) * s.pooled_w + column;
    y[out] = most + b;
    argmax[out] = static_cast<std::uint8_t>(where);
  }
}

/// dx, all of it: dy where the window's maximum was, else 0. Rows are those of dx.
template <unsigned K>
__global__ void pool_backward_kernel(float* dx, const float* dy, const std::uint8_t* argmax,
                                     PoolPlanes s) {
  const unsigned k = K > 0 ? K : s.k;
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.h, y = row % s.h;
  if (plane >= s.planes) return;
  const unsigned at = y / k, first = (y - at * k) * k;
  const bool inside = at < s.pooled_h;
  const std::size_t window = (static_cast<std::size_t>(plane) * s.pooled_h + at) * s.pooled_w;
  for (unsigned x = threadIdx.x; x < s.w; x += blockDim.x) {
    const unsigned column = x / k;
    float value = 0;
    if (inside && column < s.pooled_w && argmax[window + column] == first + x - column * k)
      value = dy[window + column];
    dx[static_cast<std::size_t>(row) * s.w + x] = value;
  }
}

}  // namespace mapnet::cuda
