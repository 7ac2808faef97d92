#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/adam.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

__global__ void adam_kernel(float* value, float* m, float* v, const float* gradient, std::size_t n,
                            AdamDesc desc, const StepControl* control) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i >= n) return;
  const AdamRates rates = {control->now.adam_rate, control->now.adam_inverse_root, control->now.lr};
  adam_update(value[i], m[i], v[i], gradient[i], desc, rates);
}

}  // namespace

void adam_step(Schedule& schedule, const std::string& name, const AdamDesc& desc, BufferId value,
               BufferId m, BufferId v, BufferId gradient, std::size_t n, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {value, m, v, gradient, control};
  step.writes = {value, m, v};
  step.bytes = 7.0 * sizeof(float) * static_cast<double>(n);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* value_ptr = memory.at<float>(value);
    auto* m_ptr = memory.at<float>(m);
    auto* v_ptr = memory.at<float>(v);
    const auto* gradient_ptr = memory.at<const float>(gradient);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, adam_kernel, value_ptr, m_ptr, v_ptr,
             gradient_ptr, n, desc, c);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
