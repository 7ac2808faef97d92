#include <algorithm>
#include <array>

#include "device/ops/map_refresh.hpp"

namespace mapnet::cpu {

namespace {

float mean_of(const float* v, std::size_t n) {
  std::array<double, kMeanLanes> sums;
  for (unsigned lane = 0; lane < kMeanLanes; ++lane) sums[lane] = lane_sum(v, n, lane);
  for (unsigned half = kMeanLanes / 2; half > 0; half /= 2)
    for (unsigned lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return static_cast<float>(sums[0] / static_cast<double>(n));
}

}  // namespace

void map_restart(Schedule& schedule, const MapDesc& desc, const MapState& state,
                 const RestartBuffers& b) {
  const std::size_t P = desc.target_size(), d = desc.latent_size();
  const std::size_t rows = history_rows(schedule, desc, b);
  Step step = restart_step(desc, state, b);
  step.bind = [=, base = state.base, round = state.round,
               blocks = desc.blocks](const Memory& memory) -> Run {
    const auto values = [&](BufferId id) {
      return id == kNoBuffer ? nullptr : memory.at<float>(id);
    };
    const float* theta = values(b.theta);
    float *to_base = values(base), *z = values(b.z), *m = values(b.m), *v = values(b.v),
          *history = values(b.history);
    auto* r = memory.at<std::uint32_t>(round);
    return [=] {
      std::copy_n(theta, P, to_base);
      if (*r < rows) std::copy_n(z, d, history + *r * d);
      std::fill_n(z, d, 0.0f);
      if (m) std::fill_n(m, d, 0.0f);
      if (v)
        for (const MapBlock& block : blocks)
          std::fill_n(v + block.latent_offset, block.latents,
                      mean_of(v + block.latent_offset, block.latents));
      ++*r;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
