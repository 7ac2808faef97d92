#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/row_scales.cuh"
#include "device/ops/map.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

/// Four values a thread: one draw. n_scales 0: every value has scale 1.
__global__ void fill_normal_kernel(float* values, std::size_t n, std::uint64_t seed, Stream stream,
                                   float stddev, const RowScale* scales, int n_scales) {
  const std::size_t draw = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  const auto normals = random_normals(seed, stream, draw);
  for (std::size_t k = 0; k < 4; ++k) {
    const std::size_t i = 4 * draw + k;
    if (i >= n) return;
    const float x = stddev * normals[k];
    values[i] = n_scales > 0 ? x * RowScales{scales, n_scales}.at(i) : x;
  }
}

}  // namespace

void fill_normal(Schedule& schedule, const std::string& name, BufferId values, std::size_t n,
                 std::uint64_t seed, Stream stream, float stddev,
                 const std::vector<RowScale>& scales) {
  const BufferId table =
      schedule.buffer(name + ".scales", "workspace", scales.size() * sizeof(RowScale));
  Step step;
  step.name = name;
  step.writes = {values, table};
  step.bytes = static_cast<double>(n) * sizeof(float);
  const cudaStream_t on = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* x = memory.at<float>(values);
    auto* rows = memory.at<RowScale>(table);
    return [=] {
      if (!scales.empty())
        MAPNET_CUDA(cudaMemcpyAsync(rows, scales.data(), scales.size() * sizeof(RowScale),
                                    cudaMemcpyHostToDevice, on));
      launch(on, blocks_for((n + 3) / 4, kThreads), kThreads, fill_normal_kernel, x, n, seed,
             stream, stddev, rows, static_cast<int>(scales.size()));
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
