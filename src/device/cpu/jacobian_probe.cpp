#include "device/ops/jacobian_probe.hpp"

#include <memory>

#include "device/cpu/parallel.hpp"
#include "device/cpu/row_epilogue.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

void probe_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId signs,
                   BufferId product, std::size_t n, std::uint64_t seed, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {z, control};
  step.writes = {signs, product};
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(n);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* latents = memory.at<const float>(z);
    auto* v = memory.at<float>(signs);
    auto* zv = memory.at<float>(product);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      for (std::size_t k = 0; k < n; ++k) {
        v[k] = probe_sign(seed, c->now.step, n, k);
        zv[k] = latents[k] * v[k];
      }
    };
  };
  schedule.add(std::move(step));
}

void probe_rows(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, BufferId linear, BufferId modulated, BufferId dtheta,
                BufferId loss) {
  constexpr std::size_t kChunk = 4096;  // rows a task, summed apart
  const std::size_t P = desc.target_size(), chunks = (P + kChunk - 1) / kChunk;
  const BufferId sums = schedule.buffer(name + ".sums", "workspace", chunks * sizeof(double));
  Step step;
  step.name = name;
  step.reads = {linear, modulated, dtheta, loss};
  if (state.u != kNoBuffer) step.reads.push_back(state.u);
  step.writes = {modulated, dtheta, loss, sums};
  step.bytes = 6.0 * sizeof(float) * static_cast<double>(P);
  const auto shared = std::make_shared<const MapDesc>(desc);
  step.bind = [=, kept_u = state.u, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* u = kept_u == kNoBuffer ? nullptr : memory.at<const float>(kept_u);
    const auto* first = memory.at<const float>(linear);
    auto* second = memory.at<float>(modulated);
    auto* gradient = memory.at<float>(dtheta);
    auto* state_ptr = memory.at<MappingLossState>(loss);
    auto* parts = memory.at<double>(sums);
    return [=] {
      LossTermState& term = state_ptr->terms[kSmoothness];
      const float twice = 2.0f * shared->alpha;
      parallel_for(static_cast<int>(chunks), n_threads, [=, &term](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        double sum = 0;
        for_each_scale(shared->scales, begin, std::min(P, begin + kChunk),
                       [&](std::size_t at, std::size_t n, float scale) {
                         for (std::size_t j = at; j < at + n; ++j) {
                           const ProbeRow row =
                               probe_row(shared->activation, shared->omega, scale, u ? u[j] : 0.0f,
                                         first[j] + twice * second[j]);
                           sum += static_cast<double>(row.value);
                           gradient[j] += term.lambda * row.dtheta;
                           second[j] = term.lambda * twice * row.dt;
                         }
                       });
        parts[k] = sum;
      });
      double sum = 0;
      for (std::size_t k = 0; k < chunks; ++k) sum += parts[k];
      term.value += sum;
    };
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
  step.bind = [=](const Memory& memory) -> Run {
    const auto* v = memory.at<const float>(signs);
    const auto* g = memory.at<const float>(gradient);
    auto* to = memory.at<float>(dz);
    return [=] {
      for (std::size_t k = 0; k < n; ++k) to[k] += v[k] * g[k];
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
