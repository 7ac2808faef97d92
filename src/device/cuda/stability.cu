#include <algorithm>

#include "device/cuda/block_sum.cuh"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/stability.hpp"
#include "device/ops/step_control.hpp"
#include "device/random.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

/// A thread for each draw of four normals.
__global__ void perturb_kernel(const float* z, float* perturbed, std::size_t n, float stddev,
                               std::uint64_t seed, const StepControl* control) {
  const std::size_t draw = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  const std::size_t draws = (n + 3) / 4;
  if (draw >= draws) return;
  const auto normals = random_normals(seed, Stream::stability,
                                      static_cast<std::uint64_t>(control->now.step) * draws + draw);
#pragma unroll
  for (unsigned r = 0; r < 4; ++r)
    if (4 * draw + r < n) perturbed[4 * draw + r] = z[4 * draw + r] + stddev * normals[r];
}

struct Stability {
  const float *logits, *perturbed;  // [N, K, area], [rows, K, area]
  float *dlogits, *dperturbed;
  int rows, area;
  std::size_t columns;
};

/// One block, since the batch's sum ends in one place anyway.
__global__ void __launch_bounds__(kThreads)
    stability_kernel(Stability s, MappingLossState* loss, const StepControl* control) {
  __shared__ double shared[kThreads];
  LossTermState& term = loss->terms[kStability];
  const int real_rows = s.rows < control->now.count ? s.rows : control->now.count;
  const std::size_t real = static_cast<std::size_t>(real_rows) * s.columns;
  const std::size_t size = static_cast<std::size_t>(s.rows) * s.columns;
  const float weight = 2.0f * term.lambda / static_cast<float>(real_rows * s.area);
  double sum = 0;
  for (std::size_t i = threadIdx.x; i < size; i += kThreads) {
    if (i >= real) {
      s.dperturbed[i] = 0.0f;
      continue;
    }
    const float difference = s.perturbed[i] - s.logits[i];
    sum += static_cast<double>(difference) * static_cast<double>(difference);
    s.dperturbed[i] = weight * difference;
    s.dlogits[i] -= weight * difference;
  }
  sum = block_sum<kThreads>(sum, shared);
  if (threadIdx.x == 0) term.value += sum / (real_rows * s.area);
}

}  // namespace

void perturb_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId perturbed,
                     std::size_t n, float stddev, std::uint64_t seed, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {z, control};
  step.writes = {perturbed};
  step.bytes = 2.0 * sizeof(float) * static_cast<double>(n);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(z);
    auto* to = memory.at<float>(perturbed);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      launch(stream, blocks_for((n + 3) / 4, kThreads), kThreads, perturb_kernel, from, to, n,
             stddev, seed, c);
    };
  };
  schedule.add(std::move(step));
}

void stability(Schedule& schedule, const std::string& name, const Tensor& logits,
               const Tensor& perturbed, BufferId loss, BufferId control, const Tensor& dlogits,
               const Tensor& dperturbed) {
  Step step;
  step.name = name;
  step.reads = {logits.buffer, perturbed.buffer, loss, control, dlogits.buffer};
  step.writes = {loss, dlogits.buffer, dperturbed.buffer};
  step.bytes = 5.0 * static_cast<double>(perturbed.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const Stability s = {memory.at<const float>(logits.buffer),
                         memory.at<const float>(perturbed.buffer),
                         memory.at<float>(dlogits.buffer),
                         memory.at<float>(dperturbed.buffer),
                         perturbed.n,
                         perturbed.h * perturbed.w,
                         perturbed.features()};
    auto* state = memory.at<MappingLossState>(loss);
    const auto* c = memory.at<const StepControl>(control);
    return [=] { launch(stream, 1, kThreads, stability_kernel, s, state, c); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
