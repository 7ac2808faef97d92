#include "device/cuda/gpu.hpp"
#include "device/cuda/loss_rows.cuh"
#include "device/ops/jacobian_probe.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

__global__ void probe_latents_kernel(const float* z, float* signs, float* product, std::size_t n,
                                     std::uint64_t seed, const StepControl* control) {
  const std::size_t k = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (k >= n) return;
  const float v = probe_sign(seed, control->now.step, n, k);
  signs[k] = v;
  product[k] = z[k] * v;
}

__global__ void probe_backward_kernel(const float* signs, const float* gradient, float* dz,
                                      std::size_t n) {
  const std::size_t k = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (k < n) dz[k] += signs[k] * gradient[k];
}

struct ProbeRows {
  Activation activation;
  float omega, two_alpha;
  const float *u, *linear;    // [P]; u or null
  float *modulated, *dtheta;  // [P]

  __device__ float operator()(std::size_t j, float scale, float lambda) const {
    const ProbeRow row =
        probe_row(activation, omega, scale, u ? u[j] : 0.0f, linear[j] + two_alpha * modulated[j]);
    dtheta[j] += lambda * row.dtheta;
    modulated[j] = lambda * two_alpha * row.dt;
    return row.value;
  }
};

}  // namespace

void probe_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId signs,
                   BufferId product, std::size_t n, std::uint64_t seed, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {z, control};
  step.writes = {signs, product};
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(n);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* latents = memory.at<const float>(z);
    auto* v = memory.at<float>(signs);
    auto* zv = memory.at<float>(product);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, probe_latents_kernel, latents, v, zv, n,
             seed, c);
    };
  };
  schedule.add(std::move(step));
}

void probe_rows(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, BufferId linear, BufferId modulated, BufferId dtheta,
                BufferId loss) {
  const std::size_t P = desc.target_size();
  const BufferId parts =
      schedule.buffer(name + ".sums", "workspace", loss_blocks(P) * sizeof(double));
  Step step;
  step.name = name;
  step.reads = {linear, modulated, dtheta, loss, state.scales};
  if (state.u != kNoBuffer) step.reads.push_back(state.u);
  step.writes = {modulated, dtheta, loss, parts};
  step.bytes = 6.0 * sizeof(float) * static_cast<double>(P);
  ProbeRows rows{};
  rows.activation = desc.activation;
  rows.omega = desc.omega;
  rows.two_alpha = 2.0f * desc.alpha;
  const int n_scales = static_cast<int>(desc.scales.size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, kept_u = state.u, scales = state.scales](const Memory& memory) -> Run {
    ProbeRows bound = rows;
    bound.u = kept_u == kNoBuffer ? nullptr : memory.at<const float>(kept_u);
    bound.linear = memory.at<const float>(linear);
    bound.modulated = memory.at<float>(modulated);
    bound.dtheta = memory.at<float>(dtheta);
    const RowScales table = {memory.at<const RowScale>(scales), n_scales};
    LossTermState* term = &memory.at<MappingLossState>(loss)->terms[kSmoothness];
    auto* sums = memory.at<double>(parts);
    return [=] { add_loss_rows(stream, bound, table, P, &term->lambda, sums, &term->value); };
  };
  schedule.add(std::move(step));
}

void probe_latents_backward(Schedule& schedule, const std::string& name, BufferId signs,
                            BufferId gradient, BufferId dz, std::size_t n) {
  Step step;
  step.name = name;
  step.reads = {signs, gradient, dz};
  step.writes = {dz};
  step.bytes = 4.0 * sizeof(float) * static_cast<double>(n);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* v = memory.at<const float>(signs);
    const auto* g = memory.at<const float>(gradient);
    auto* to = memory.at<float>(dz);
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, probe_backward_kernel, v, g, to, n);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
