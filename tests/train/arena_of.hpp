#pragma once

#include "common/chosen_device.hpp"
#include "train/recipes.hpp"
#include "train/run_schedule.hpp"

namespace mapnet::test {

/// Bytes of the arena that a training takes. On a real GPU without workspaces: which engine cuDNN
/// chooses for a convolution, and whether that wants none or 256 MiB, is nothing to compare runs
/// by.
inline std::size_t arena_of(const RunConfig& config, const Network& net) {
  const SampleCounts none = {1, 0, 1};
  std::vector<Lifetime> buffers =
      build_run_schedule(resolve(config, net), net, none, {}, Purpose::train).schedule.lifetimes();
  if (testing_cuda() && !testing_emulated())
    std::erase_if(buffers, [](const Lifetime& b) { return b.group == "workspace"; });
  return plan_arena(std::move(buffers)).total;
}

}  // namespace mapnet::test
