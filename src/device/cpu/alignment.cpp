#include "device/ops/alignment.hpp"

#include <memory>

#include "device/ops/mapping_loss.hpp"

namespace mapnet::cpu {

namespace {

struct Alignment {
  Modulation modulation;
  float alpha;
  const float *z, *mean_w, *mean_s;  // [d]; mean_s for signed modulation
  float* dz;

  MeanWeight weight(std::size_t k) const {
    return mean_weight(modulation, alpha, mean_w[k], mean_s ? mean_s[k] : 0.0f, z[k]);
  }

  /// One block's share of the mean over `n_blocks`.
  void run(const MapBlock& block, double n_blocks, LossTermState& term) const {
    AlignmentSums sums;
    const std::size_t begin = block.latent_offset, end = begin + block.latents;
    for (std::size_t k = begin; k < end; ++k) {
      const auto zk = static_cast<double>(z[k]), wk = static_cast<double>(weight(k).value);
      sums.zz += zk * zk;
      sums.ww += wk * wk;
      sums.zw += zk * wk;
    }
    term.value += sums.value() / n_blocks;
    const double lambda = static_cast<double>(term.lambda) / n_blocks;
    for (std::size_t k = begin; k < end; ++k)
      dz[k] += static_cast<float>(lambda * alignment_slope(sums, z[k], weight(k)));
  }
};

}  // namespace

void alignment(Schedule& schedule, const std::string& name, const MapDesc& desc, BufferId z,
               BufferId mean_w, BufferId mean_s, BufferId loss, BufferId dz) {
  Step step;
  step.name = name;
  step.reads = {z, mean_w, loss, dz};
  if (mean_s != kNoBuffer) step.reads.push_back(mean_s);
  step.writes = {loss, dz};
  step.bytes = 5.0 * sizeof(float) * static_cast<double>(desc.latent_size());
  const auto blocks = std::make_shared<const std::vector<MapBlock>>(desc.blocks);
  step.bind = [=, modulation = desc.modulation, alpha = desc.alpha](const Memory& memory) -> Run {
    const Alignment a = {modulation,
                         alpha,
                         memory.at<const float>(z),
                         memory.at<const float>(mean_w),
                         mean_s == kNoBuffer ? nullptr : memory.at<const float>(mean_s),
                         memory.at<float>(dz)};
    auto* state = memory.at<MappingLossState>(loss);
    return [=] {
      for (const MapBlock& block : *blocks)
        a.run(block, static_cast<double>(blocks->size()), state->terms[kAlignment]);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
