#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/map_refresh.hpp"

namespace mapnet::cuda {

namespace {

/// One map block's latents at the end of a round. Pointers are at its first.
struct Restart {
  std::size_t d;
  float *z, *m, *v;            // [d]; m and v may be null
  float* history;              // [rows, stride]; null without rows
  std::size_t rows, stride;    // stride: latents of all blocks
  const std::uint32_t* round;  // the one that ends
};

/// One block of threads.
__global__ void __launch_bounds__(kMeanLanes) restart_kernel(Restart a) {
  __shared__ double sums[kMeanLanes];
  const unsigned t = threadIdx.x;
  sums[t] = a.v ? lane_sum(a.v, a.d, t) : 0;
  for (unsigned half = kMeanLanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) sums[t] += sums[t + half];
  }
  __syncthreads();
  const float mean = static_cast<float>(sums[0] / static_cast<double>(a.d));
  const std::size_t row = *a.round;
  for (std::size_t k = t; k < a.d; k += kMeanLanes) {
    if (row < a.rows) a.history[row * a.stride + k] = a.z[k];
    a.z[k] = 0;
    if (a.m) a.m[k] = 0;
    if (a.v) a.v[k] = mean;
  }
}

__global__ void next_round_kernel(std::uint32_t* round) { *round += 1; }

}  // namespace

void map_restart(Schedule& schedule, const MapDesc& desc, const MapState& state,
                 const RestartBuffers& b) {
  const std::size_t P = desc.target_size(), d = desc.latent_size();
  const std::size_t rows = history_rows(schedule, desc, b);
  Step step = restart_step(desc, state, b);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, base = state.base, round = state.round,
               blocks = desc.blocks](const Memory& memory) -> Run {
    const float* theta = memory.at<const float>(b.theta);
    float* to_base = memory.at<float>(base);
    auto* r = memory.at<std::uint32_t>(round);
    std::vector<Restart> restarts;
    for (const MapBlock& block : blocks) {
      const auto values = [&](BufferId id) {
        return id == kNoBuffer ? nullptr : memory.at<float>(id) + block.latent_offset;
      };
      restarts.push_back(
          {block.latents, values(b.z), values(b.m), values(b.v), values(b.history), rows, d, r});
    }
    return [=] {
      MAPNET_CUDA(
          cudaMemcpyAsync(to_base, theta, P * sizeof(float), cudaMemcpyDeviceToDevice, stream));
      for (const Restart& restart : restarts)
        launch(stream, 1, kMeanLanes, restart_kernel, restart);
      launch(stream, 1, 1, next_round_kernel, r);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
