#include "device/ops/smoothness.hpp"

#include <memory>

#include "device/cpu/parallel.hpp"
#include "device/cpu/row_epilogue.hpp"
#include "device/ops/mapping_loss.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 4096;  // rows a task, summed apart

struct Smoothness {
  const MapDesc* desc;
  float four_alpha;
  const float *u, *row_norms;  // [P] or null
  float *dtheta, *weight;      // [P]; weight or null

  /// Rows [begin, end): returns their share of the term.
  double run(std::size_t begin, std::size_t end, float lambda) const {
    double sum = 0;
    for_each_scale(desc->scales, begin, end, [&](std::size_t at, std::size_t n, float scale) {
      switch (desc->activation) {
        case Activation::identity:
          return rows<Activation::identity>(at, n, scale, lambda, sum);
        case Activation::tanh:
          return rows<Activation::tanh>(at, n, scale, lambda, sum);
        case Activation::sine:
          return rows<Activation::sine>(at, n, scale, lambda, sum);
      }
    });
    return sum;
  }

 private:
  template <Activation kind>
  void rows(std::size_t begin, std::size_t n, float scale, float lambda, double& sum) const {
    for (std::size_t j = begin; j < begin + n; ++j) {
      const SmoothRow row = smooth_row(kind, desc->omega, scale, u ? u[j] : 0.0f,
                                       row_norms ? row_norms[j] : 1.0f, four_alpha);
      sum += static_cast<double>(row.value);
      dtheta[j] += lambda * row.dtheta;
      if (weight) weight[j] = lambda * row.weight;
    }
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
