#pragma once

#include <cuda_runtime.h>

#include "device/cuda/launch.hpp"
#include "device/cuda/row_epilogue.cuh"
#include "device/math.hpp"

/// Products of rows of a stored map with z: bound by reading W once.
namespace mapnet::cuda {

/// Sixteen bytes of a row of W: four floats, or eight bfloat16.
template <class Element>
inline constexpr int kWide = 16 / static_cast<int>(sizeof(Element));

/// Loads what is read once: kept out of L1, where z is.
__device__ __forceinline__ uint4 load_once(const uint4* from) {
#ifdef __CUDA_ARCH__
  uint4 x;
  asm("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
      : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
      : "l"(from));
  return x;
#else
  return *from;
#endif
}

__device__ inline void widen(float (&w)[4], const uint4& x, const float*) {
  w[0] = math::bits_to_float(x.x), w[1] = math::bits_to_float(x.y);
  w[2] = math::bits_to_float(x.z), w[3] = math::bits_to_float(x.w);
}
__device__ inline void widen(float (&w)[8], const uint4& x, const std::uint16_t*) {
  const std::uint32_t pairs[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    w[2 * i] = math::bits_to_float(pairs[i] << 16);
    w[2 * i + 1] = math::bits_to_float(pairs[i] & 0xffff0000u);
  }
}

inline constexpr int kDenseRows = 4;     // of a team of lanes, in flight at once
inline constexpr int kDenseWarps = 8;    // a block
inline constexpr int kDenseVectors = 2;  // of a row, in flight at once

/// u = scale W z (+ what `out.theta` holds, where `add`), then the epilogue. A team of `lanes`
/// lanes takes four rows; z [ld] stays in L1. Sums run in an order that depends on ld alone.
template <class Element>
__global__ void __launch_bounds__(32 * kDenseWarps)
    dense_forward_kernel(const Element* W, std::size_t ld, const float* z, float scale, bool add,
                         int lanes, RowEpilogue out) {
  constexpr int kW = kWide<Element>;
  const int lane = static_cast<int>(threadIdx.x) & 31, j = lane & (lanes - 1);
  const std::size_t team =
      (static_cast<std::size_t>(blockIdx.x) * (32 * kDenseWarps) + threadIdx.x) /
      static_cast<unsigned>(lanes);
  const std::size_t first = team * kDenseRows, last = out.rows.count - 1;
  const uint4* rows[kDenseRows];
#pragma unroll
  for (int r = 0; r < kDenseRows; ++r) {
    const std::size_t row = first + static_cast<std::size_t>(r);
    rows[r] = reinterpret_cast<const uint4*>(W + (row < last ? row : last) * ld);
  }
  float sums[kDenseRows] = {};
  const auto multiply = [&](const uint4& packed, const float(&x)[kW]) {
    float w[kW], sum = 0;
    widen(w, packed, static_cast<const Element*>(nullptr));
#pragma unroll
    for (int i = 0; i < kW; i += 2) sum += w[i] * x[i] + w[i + 1] * x[i + 1];
    return sum;
  };
  const auto load_z = [&](float(&x)[kW], int vector) {
#pragma unroll
    for (int i = 0; i < kW / 4; ++i) {
      const float4 four = reinterpret_cast<const float4*>(z)[vector * (kW / 4) + i];
      x[4 * i] = four.x, x[4 * i + 1] = four.y, x[4 * i + 2] = four.z, x[4 * i + 3] = four.w;
    }
  };
  const int vectors = static_cast<int>(ld) / kW;
  int at = j;
  for (; at + lanes < vectors; at += kDenseVectors * lanes) {
    uint4 w[kDenseVectors][kDenseRows];
#pragma unroll
    for (int k = 0; k < kDenseVectors; ++k)
#pragma unroll
      for (int r = 0; r < kDenseRows; ++r) w[k][r] = load_once(rows[r] + at + k * lanes);
#pragma unroll
    for (int k = 0; k < kDenseVectors; ++k) {
      float x[kW];
      load_z(x, at + k * lanes);
#pragma unroll
      for (int r = 0; r < kDenseRows; ++r) sums[r] += multiply(w[k][r], x);
    }
  }
  if (at < vectors) {
    uint4 w[kDenseRows];
#pragma unroll
    for (int r = 0; r < kDenseRows; ++r) w[r] = load_once(rows[r] + at);
    float x[kW];
    load_z(x, at);
#pragma unroll
    for (int r = 0; r < kDenseRows; ++r) sums[r] += multiply(w[r], x);
  }
  float mine = 0;  // of the row that lane j of the team finishes
#pragma unroll
  for (int r = 0; r < kDenseRows; ++r) {
    for (int apart = lanes / 2; apart > 0; apart /= 2)
      sums[r] += __shfl_xor_sync(0xffffffffu, sums[r], apart);
    if (j == r) mine = sums[r];
  }
  const std::size_t row = first + static_cast<std::size_t>(j);
  if (j < kDenseRows && row <= last) {
    const float u = scale * mine;
    out.store(row, add ? out.theta[row] + u : u);
  }
}

/// Enqueues it. theta may hold what u is to be added to.
template <class Element>
void dense_forward(cudaStream_t stream, const Element* W, std::size_t ld, const float* z,
                   float scale, bool add, const RowEpilogue& out) {
  int lanes = kDenseRows;  // as many as a row has vectors for, at least one a row to finish
  while (lanes < 32 && lanes * kWide<Element> < static_cast<int>(ld)) lanes *= 2;
  const std::size_t rows_a_block = static_cast<std::size_t>(32 * kDenseWarps / lanes) * kDenseRows;
  launch(stream, blocks_for(out.rows.count, rows_a_block), 32 * kDenseWarps,
         dense_forward_kernel<Element>, W, ld, z, scale, add, lanes, out);
}

}  // namespace mapnet::cuda
