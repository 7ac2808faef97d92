#include "device/cuda/gpu.hpp"
#include "device/cuda/loss_rows.cuh"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/smoothness.hpp"

namespace mapnet::cuda {

namespace {

struct SmoothRows {
  Activation activation;
  float omega, four_alpha;
  const float *u, *row_norms;  // [P] or null
  float *dtheta, *weight;      // [P]; weight or null

  __device__ float operator()(std::size_t j, float scale, float lambda) const {
    const SmoothRow row = smooth_row(activation, omega, scale, u ? u[j] : 0.0f,
                                     row_norms ? row_norms[j] : 1.0f, four_alpha);
    dtheta[j] += lambda * row.dtheta;
    if (weight) weight[j] = lambda * row.weight;
    return row.value;
  }
};

}  // namespace

void smoothness(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, const SmoothnessBuffers& b) {
  const std::size_t P = desc.target_size();
  const BufferId parts =
      schedule.buffer(name + ".sums", "workspace", loss_blocks(P) * sizeof(double));
  Step step;
  step.name = name;
  step.reads = {b.dtheta, b.loss, state.scales};
  step.writes = {b.dtheta, b.loss, parts};
  for (const BufferId id : {state.u, b.row_norms})
    if (id != kNoBuffer) step.reads.push_back(id);
  if (b.weight != kNoBuffer) step.writes.push_back(b.weight);
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(P);
  SmoothRows rows{};
  rows.activation = desc.activation;
  rows.omega = desc.omega;
  rows.four_alpha = desc.modulation == Modulation::scalar ? 4.0f * desc.alpha : 0.0f;
  const int n_scales = static_cast<int>(desc.scales.size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, kept_u = state.u, scales = state.scales](const Memory& memory) -> Run {
    const auto floats = [&](BufferId id) {
      return id == kNoBuffer ? nullptr : memory.at<float>(id);
    };
    SmoothRows bound = rows;
    bound.u = floats(kept_u);
    bound.row_norms = floats(b.row_norms);
    bound.dtheta = floats(b.dtheta);
    bound.weight = floats(b.weight);
    const RowScales table = {memory.at<const RowScale>(scales), n_scales};
    LossTermState* term = &memory.at<MappingLossState>(b.loss)->terms[kSmoothness];
    auto* sums = memory.at<double>(parts);
    return [=] { add_loss_rows(stream, bound, table, P, &term->lambda, sums, &term->value); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
