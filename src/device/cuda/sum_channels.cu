#include <algorithm>

#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/rows.hpp"
#include "device/cuda/sum_channels.hpp"
#include "device/cuda/sum_groups.cuh"

namespace mapnet::cuda {

namespace {

/// Values a block sums at least, and blocks a channel at most: enough blocks for any GPU.
constexpr std::size_t kBlockValues = 4096;
constexpr std::size_t kMostParts = 64;

/// sums [gridDim.y, channels]: block (c, part) adds channel c of every gridDim.y'th group of
/// images, a plane a row.
__global__ void sum_channels_kernel(float* sums, const float* x, unsigned images, unsigned channels,
                                    unsigned plane) {
  __shared__ float partial[kRowThreads];
  float sum = 0;
  for (unsigned n = blockIdx.y * blockDim.y + threadIdx.y; n < images;
       n += gridDim.y * blockDim.y) {
    const float* values = x + (static_cast<std::size_t>(n) * channels + blockIdx.x) * plane;
    for (unsigned i = threadIdx.x; i < plane; i += blockDim.x) sum += values[i];
  }
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
  partial[thread] = sum;
  for (unsigned half = kRowThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (thread < half) partial[thread] += partial[thread + half];
  }
  if (thread == 0) sums[static_cast<std::size_t>(blockIdx.y) * channels + blockIdx.x] = partial[0];
}

}  // namespace

void add_sum_channels(Schedule& schedule, const std::string& name, const ParamSlice& sums,
                      const Tensor& x) {
  const auto images = static_cast<unsigned>(x.n), channels = static_cast<unsigned>(x.c),
             plane = static_cast<unsigned>(x.h * x.w);
  const dim3 block = row_block(plane);
  const auto parts = static_cast<unsigned>(
      std::clamp<std::size_t>(std::size_t{images} * plane / kBlockValues, 1,
                              std::min<std::size_t>(kMostParts, blocks_for(images, block.y))));
  const ParamSlice found =
      parts == 1 ? sums
                 : ParamSlice{schedule.buffer(name + ".parts", "workspace",
                                              std::size_t{parts} * channels * sizeof(float)),
                              0};
  const cudaStream_t stream = gpu_of(schedule).stream();

  Step step;
  step.name = name;
  step.reads = {x.buffer};
  step.writes = {sums.buffer};
  if (parts > 1) step.writes.push_back(found.buffer);
  step.flops = static_cast<double>(x.padded_size());
  step.bytes = static_cast<double>(x.bytes());
  step.bind = [=](const Memory& memory) -> Run {
    const auto* values = memory.at<const float>(x.buffer) + x.offset;
    auto* first = memory.at<float>(found.buffer) + found.offset;
    auto* out = memory.at<float>(sums.buffer) + sums.offset;
    return [=] {
      launch(stream, dim3(channels, parts), block, sum_channels_kernel, first, values, images,
             channels, plane);
      if (parts > 1) sum_groups<float>(stream, first, out, parts, channels);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
