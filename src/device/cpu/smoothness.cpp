#include "device/ops/smoothness.hpp"

#include <algorithm>
#include <memory>

#include "device/cpu/parallel.hpp"
#include "device/cpu/row_epilogue.hpp"
#include "device/host_device.hpp"
#include "device/ops/mapping_loss.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 4096;  // rows a task, summed apart
constexpr std::size_t kBlock = 256;   // rows at once, whose loop has no branch and no sum in it

/// Rows of one scale.
struct Rows {
  Activation activation;
  float omega, scale, four_alpha, lambda;
  const float *u, *row_norms;  // or null
  float *dtheta, *weight;      // weight or null
  std::size_t n;
};

template <Activation kind>
[[gnu::always_inline]] inline double smooth_as(const Rows& r) {
  float u[kBlock] = {}, norms[kBlock], values[kBlock], weights[kBlock];
  std::fill_n(norms, kBlock, 1.0f);
  double sums[8] = {};
  for (std::size_t begin = 0; begin < r.n; begin += kBlock) {
    const std::size_t n = std::min(kBlock, r.n - begin);
    if (r.u) std::copy_n(r.u + begin, n, u);
    if (r.row_norms) std::copy_n(r.row_norms + begin, n, norms);
    float* dtheta = r.dtheta + begin;
    for (std::size_t j = 0; j < n; ++j) {
      const SmoothRow row = smooth_row(kind, r.omega, r.scale, u[j], norms[j], r.four_alpha);
      values[j] = row.value;
      weights[j] = r.lambda * row.weight;
      dtheta[j] += r.lambda * row.dtheta;
    }
    if (r.weight) std::copy_n(weights, n, r.weight + begin);
    std::fill(values + n, values + kBlock, 0.0f);
    for (std::size_t j = 0; j < kBlock; j += 8)
      for (std::size_t lane = 0; lane < 8; ++lane)
        sums[lane] += static_cast<double>(values[j + lane]);
  }
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return sum;
}

// The switch stands outside the loops so that each loop vectorises.
MAPNET_CPU_LEVELS double smooth_rows(const Rows& r) {
  switch (r.activation) {
    case Activation::tanh:
      return smooth_as<Activation::tanh>(r);
    case Activation::sine:
      return smooth_as<Activation::sine>(r);
    case Activation::identity:
      break;
  }
  return smooth_as<Activation::identity>(r);
}

struct Smoothness {
  const MapDesc* desc;
  float four_alpha;
  const float *u, *row_norms;  // [P] or null
  float *dtheta, *weight;      // [P]; weight or null

  /// Rows [begin, end): returns their share of the term.
  double run(std::size_t begin, std::size_t end, float lambda) const {
    double sum = 0;
    for_each_scale(desc->scales, begin, end, [&](std::size_t at, std::size_t n, float scale) {
      sum += smooth_rows({desc->activation, desc->omega, scale, four_alpha, lambda,
                          u ? u + at : nullptr, row_norms ? row_norms + at : nullptr, dtheta + at,
                          weight ? weight + at : nullptr, n});
    });
    return sum;
  }
};

}  // namespace

void smoothness(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, const SmoothnessBuffers& b) {
  const std::size_t P = desc.target_size(), chunks = (P + kChunk - 1) / kChunk;
  const BufferId sums = schedule.buffer(name + ".sums", "workspace", chunks * sizeof(double));
  Step step;
  step.name = name;
  step.reads = {b.dtheta, b.loss};
  step.writes = {b.dtheta, b.loss, sums};
  for (const BufferId id : {state.u, b.row_norms})
    if (id != kNoBuffer) step.reads.push_back(id);
  if (b.weight != kNoBuffer) step.writes.push_back(b.weight);
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(P);
  const auto shared = std::make_shared<const MapDesc>(desc);
  step.bind = [=, kept_u = state.u, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto floats = [&](BufferId id) {
      return id == kNoBuffer ? nullptr : memory.at<float>(id);
    };
    const float four_alpha = shared->modulation == Modulation::scalar ? 4.0f * shared->alpha : 0.0f;
    const Smoothness s = {shared.get(),        four_alpha,       floats(kept_u),
                          floats(b.row_norms), floats(b.dtheta), floats(b.weight)};
    auto* loss = memory.at<MappingLossState>(b.loss);
    auto* parts = memory.at<double>(sums);
    return [=, keep = shared] {
      LossTermState& term = loss->terms[kSmoothness];
      parallel_for(static_cast<int>(chunks), n_threads, [=, &term](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        parts[k] = s.run(begin, std::min(P, begin + kChunk), term.lambda);
      });
      double sum = 0;
      for (std::size_t k = 0; k < chunks; ++k) sum += parts[k];
      term.value += sum;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
