#include "device/ops/stability.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/step_control.hpp"
#include "device/random.hpp"

namespace mapnet::cpu {

void perturb_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId perturbed,
                     std::size_t n, float stddev, std::uint64_t seed, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {z, control};
  step.writes = {perturbed};
  step.bytes = 2.0 * sizeof(float) * static_cast<double>(n);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(z);
    auto* to = memory.at<float>(perturbed);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      const std::size_t draws = (n + 3) / 4;
      const std::uint64_t first = static_cast<std::uint64_t>(c->now.step) * draws;
      for (std::size_t draw = 0; draw < draws; ++draw) {
        const auto normals = random_normals(seed, Stream::stability, first + draw);
        for (std::size_t i = 4 * draw; i < std::min(n, 4 * draw + 4); ++i)
          to[i] = from[i] + stddev * normals[i - 4 * draw];
      }
    };
  };
  schedule.add(std::move(step));
}

void stability(Schedule& schedule, const std::string& name, const Tensor& logits,
               const Tensor& perturbed, BufferId loss, BufferId control, const Tensor& dlogits,
               const Tensor& dperturbed) {
  if (logits.channel_block != perturbed.channel_block)
    fail("{}: logits with {} channels innermost, perturbed ones with {}", name,
         logits.channel_block, perturbed.channel_block);
  Step step;
  step.name = name;
  step.reads = {logits.buffer, perturbed.buffer, loss, control, dlogits.buffer};
  step.writes = {loss, dlogits.buffer, dperturbed.buffer};
  step.bytes = 5.0 * static_cast<double>(perturbed.bytes());
  step.bind = [=](const Memory& memory) -> Run {
    const auto* plain = memory.at<const float>(logits.buffer);
    const auto* moved = memory.at<const float>(perturbed.buffer);
    auto* state = memory.at<MappingLossState>(loss);
    const auto* c = memory.at<const StepControl>(control);
    auto* dplain = memory.at<float>(dlogits.buffer);
    auto* dmoved = memory.at<float>(dperturbed.buffer);
    const int rows = perturbed.n, area = perturbed.h * perturbed.w;
    const auto size = perturbed.padded_size();
    const auto columns =
        size / static_cast<std::size_t>(rows);  // padded channels are zeros in both
    return [=] {
      LossTermState& term = state->terms[kStability];
      const int real_rows = std::min(rows, static_cast<int>(c->now.count));
      const std::size_t real = static_cast<std::size_t>(real_rows) * columns;
      const float weight = 2.0f * term.lambda / static_cast<float>(real_rows * area);
      double sum = 0;
      for (std::size_t i = 0; i < real; ++i) {
        const float difference = moved[i] - plain[i];
        sum += static_cast<double>(difference) * static_cast<double>(difference);
        dmoved[i] = weight * difference;
        dplain[i] -= weight * difference;
      }
      std::fill(dmoved + real, dmoved + size, 0.0f);
      term.value += sum / (real_rows * area);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
