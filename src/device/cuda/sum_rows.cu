#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/sum_rows.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kSumColumns = 32, kSumLanes = 16;

/// sums [columns] = sum over rows of x [rows, columns]. A block takes 32 columns; each of its 16
/// lanes adds every 16th row, then the lanes are added pairwise.
__global__ void sum_rows_kernel(float* sums, const float* x, std::size_t rows,
                                std::size_t columns) {
  __shared__ float lanes[kSumLanes][kSumColumns];
  const std::size_t column = blockIdx.x * static_cast<std::size_t>(kSumColumns) + threadIdx.x;
  float sum = 0;
  if (column < columns)
    for (std::size_t row = threadIdx.y; row < rows; row += kSumLanes)
      sum += x[row * columns + column];
  lanes[threadIdx.y][threadIdx.x] = sum;
  for (unsigned half = kSumLanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y < half)
      lanes[threadIdx.y][threadIdx.x] += lanes[threadIdx.y + half][threadIdx.x];
  }
  if (threadIdx.y == 0 && column < columns) sums[column] = lanes[0][threadIdx.x];
}

}  // namespace

void sum_rows(cudaStream_t stream, float* sums, const float* x, std::size_t rows,
              std::size_t columns) {
  launch(stream, blocks_for(columns, kSumColumns), dim3(kSumColumns, kSumLanes), sum_rows_kernel,
         sums, x, rows, columns);
}

void add_sum_rows(Schedule& schedule, const std::string& name, const ParamSlice& sums,
                  const ParamSlice& x, std::size_t rows, std::size_t columns) {
  Step step;
  step.name = name;
  step.reads = {x.buffer};
  step.writes = {sums.buffer};
  step.bytes = static_cast<double>(rows * columns) * sizeof(float);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* out = memory.at<float>(sums.buffer) + sums.offset;
    const auto* in = memory.at<const float>(x.buffer) + x.offset;
    return [=] { sum_rows(stream, out, in, rows, columns); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
