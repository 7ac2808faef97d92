#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

struct CrossEntropy {
  const float* logits;         // [n, classes]
  const std::int32_t* labels;  // [n]
  float* dlogits;              // [n, classes] or null
  int n, classes;
  float smoothing;
};

/// One block for the whole batch, since its sums end in one place anyway: each thread takes every
/// 256th row, then the losses are added in double, pairwise, always in the same order.
__global__ void cross_entropy_kernel(CrossEntropy p, StepControl* control) {
  __shared__ double losses[kThreads];
  __shared__ int hits[kThreads];
  const int count = control->now.count;
  const float weight = 1.0f / static_cast<float>(count);
  double loss = 0;
  int hit_count = 0;
  for (int i = static_cast<int>(threadIdx.x); i < p.n; i += static_cast<int>(kThreads)) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(i) * p.classes;
    float* drow = p.dlogits ? p.dlogits + at : nullptr;
    if (i < count) {
      bool hit = false;
      loss += static_cast<double>(
          cross_entropy_row(p.logits + at, p.classes, p.labels[i], weight, p.smoothing, drow, hit));
      hit_count += hit ? 1 : 0;
    } else if (drow) {
      for (int k = 0; k < p.classes; ++k) drow[k] = 0.0f;
    }
  }
  losses[threadIdx.x] = loss;
  hits[threadIdx.x] = hit_count;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      losses[threadIdx.x] += losses[threadIdx.x + half];
      hits[threadIdx.x] += hits[threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    control->loss_sum += losses[0];
    control->correct += hits[0];
    control->seen += count;
  }
}

}  // namespace

void cross_entropy(Schedule& schedule, const std::string& name, const Tensor& logits,
                   BufferId labels, BufferId control, BufferId dlogits, float smoothing) {
  Step step;
  step.name = name;
  step.reads = {logits.buffer, labels, control};
  step.writes = {control};
  if (dlogits != kNoBuffer) step.writes.push_back(dlogits);
  step.bytes = 2.0 * static_cast<double>(logits.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const CrossEntropy p = {memory.at<const float>(logits.buffer),
                            memory.at<const std::int32_t>(labels),
                            dlogits == kNoBuffer ? nullptr : memory.at<float>(dlogits),
                            logits.n,
                            logits.c,
                            smoothing};
    auto* c = memory.at<StepControl>(control);
    return [=] { launch(stream, 1, kThreads, cross_entropy_kernel, p, c); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
