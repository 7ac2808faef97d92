#include "device/cuda/block_sum.cuh"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/mse.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

struct Mse {
  const float* y;        // [n, columns]
  const float* targets;  // [n, columns]
  float* dy;             // [n, columns] or null
  int n, columns;
};

/// One block for the whole batch, since its sum ends in one place anyway: each thread takes every
/// 256th row.
__global__ void mse_kernel(Mse p, StepControl* control) {
  __shared__ double shared[kThreads];
  const int count = control->now.count;
  const float weight = 1.0f / static_cast<float>(count);
  double loss = 0;
  for (int i = static_cast<int>(threadIdx.x); i < p.n; i += static_cast<int>(kThreads)) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(i) * p.columns;
    float* drow = p.dy ? p.dy + at : nullptr;
    if (i < count)
      loss += static_cast<double>(mse_row(p.y + at, p.targets + at, p.columns, weight, drow));
    else if (drow)
      for (int k = 0; k < p.columns; ++k) drow[k] = 0.0f;
  }
  loss = block_sum<kThreads>(loss, shared);
  if (threadIdx.x == 0) {
    control->loss_sum += loss;
    control->seen += count;
  }
}

}  // namespace

void mse(Schedule& schedule, const std::string& name, const Tensor& y, BufferId targets,
         BufferId control, BufferId dy) {
  Step step;
  step.name = name;
  step.reads = {y.buffer, targets, control};
  step.writes = {control};
  if (dy != kNoBuffer) step.writes.push_back(dy);
  step.bytes = (dy == kNoBuffer ? 2.0 : 3.0) * static_cast<double>(y.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const Mse p = {memory.at<const float>(y.buffer) + y.offset, memory.at<const float>(targets),
                   dy == kNoBuffer ? nullptr : memory.at<float>(dy), y.n,
                   static_cast<int>(y.features())};
    auto* c = memory.at<StepControl>(control);
    return [=] { launch(stream, 1, kThreads, mse_kernel, p, c); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
