#pragma once

#include <cuda_runtime.h>

#include <algorithm>

#include "device/cuda/dense_forward.cuh"

/// dz of a stored map before it is summed over groups of rows: bound by reading W once.
namespace mapnet::cuda {

inline constexpr int kDenseThreads = 256;
inline constexpr int kDenseRowsInFlight = 8;

/// How the work is cut: the same on every GPU.
struct DenseCut {
  int vectors;         ///< of 16 bytes, in a row
  int slices;          ///< of columns, at most a vector a thread
  int columns;         ///< vectors a slice
  std::size_t groups;  ///< of rows

  template <class Element>
  static DenseCut of(std::size_t rows, std::size_t ld) {
    DenseCut c{};
    c.vectors = static_cast<int>(ld) / kWide<Element>;
    c.slices = (c.vectors + kDenseThreads - 1) / kDenseThreads;
    c.columns = (c.vectors + c.slices - 1) / c.slices;
    const std::size_t blocks = 1024;  // fill the largest GPU
    c.groups = std::clamp<std::size_t>(
        rows / 64, 1, std::max<std::size_t>(1, blocks / static_cast<std::size_t>(c.slices)));
    return c;
  }
  static DenseCut of(MapKind kind, std::size_t rows, std::size_t ld) {
    return kind == MapKind::dense ? of<float>(rows, ld) : of<std::uint16_t>(rows, ld);
  }
};

/// parts [groups, ld] = W[rows of the group]^T g; and sums [groups] of g, unless null. A block has
/// a slice of columns of one group of rows; narrow slices have several rows at once.
template <class Element>
__global__ void __launch_bounds__(kDenseThreads)
    dense_backward_kernel(const Element* W, std::size_t ld, RowGradient gradient, DenseCut cut,
                          float* parts, double* sums) {
  constexpr int kW = kWide<Element>;
  __shared__ float g[kDenseThreads];
  __shared__ float lanes[kW][kDenseThreads];
  __shared__ double totals[kDenseThreads];
  const int t = static_cast<int>(threadIdx.x);
  const int lane = t / cut.columns, row_lanes = kDenseThreads / cut.columns;
  const int column = static_cast<int>(blockIdx.x) * cut.columns + t % cut.columns;
  const bool active = lane < row_lanes && column < cut.vectors;
  const std::size_t group = blockIdx.y, count = gradient.rows.count;
  const std::size_t begin = count * group / cut.groups, end = count * (group + 1) / cut.groups;

  float sum[kW] = {};
  double total = 0;
  const auto add = [&](const uint4& packed, float weight) {
    float w[kW];
    widen(w, packed, static_cast<const Element*>(nullptr));
#pragma unroll
    for (int i = 0; i < kW; ++i) sum[i] += w[i] * weight;
  };
  for (std::size_t chunk = begin; chunk < end; chunk += kDenseThreads) {
    const int n = end - chunk < kDenseThreads ? static_cast<int>(end - chunk) : kDenseThreads;
    __syncthreads();  // whoever still reads the last chunk's
    if (t < n) {
      g[t] = gradient.load(chunk + static_cast<std::size_t>(t));
      total += static_cast<double>(g[t]);
    }
    __syncthreads();
    if (!active) continue;
    const auto* from = reinterpret_cast<const uint4*>(W + chunk * ld) + column;
    const std::size_t step = ld / kW;
    int i = lane;
    for (; i + (kDenseRowsInFlight - 1) * row_lanes < n; i += kDenseRowsInFlight * row_lanes) {
      uint4 w[kDenseRowsInFlight];
#pragma unroll
      for (int k = 0; k < kDenseRowsInFlight; ++k)
        w[k] = load_once(from + static_cast<std::size_t>(i + k * row_lanes) * step);
#pragma unroll
      for (int k = 0; k < kDenseRowsInFlight; ++k) add(w[k], g[i + k * row_lanes]);
    }
    for (; i < n; i += row_lanes) add(from[static_cast<std::size_t>(i) * step], g[i]);
  }

#pragma unroll
  for (int i = 0; i < kW; ++i) lanes[i][t] = sum[i];
  totals[t] = total;
  __syncthreads();
  if (active && lane == 0)
#pragma unroll
    for (int i = 0; i < kW; ++i) {
      float all = lanes[i][t];
      for (int other = 1; other < row_lanes; ++other) all += lanes[i][t + other * cut.columns];
      parts[group * ld + static_cast<std::size_t>(column * kW + i)] = all;
    }
  if (!sums || blockIdx.x != 0) return;  // all of the block's threads or none
  for (int half = kDenseThreads / 2; half > 0; half /= 2) {
    if (t < half) totals[t] += totals[t + half];
    __syncthreads();
  }
  if (t == 0) sums[group] = totals[0];
}

template <class Element>
void dense_backward(cudaStream_t stream, const Element* W, std::size_t ld,
                    const RowGradient& gradient, const DenseCut& cut, float* parts, double* sums) {
  launch(stream, dim3(static_cast<unsigned>(cut.slices), static_cast<unsigned>(cut.groups)),
         kDenseThreads, dense_backward_kernel<Element>, W, ld, gradient, cut, parts, sums);
}

}  // namespace mapnet::cuda
