#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "device/host_device.hpp"
#include "device/schedule.hpp"

/// Eq. 25, fine-tuning: an output o_i of the map shifts L consecutive pre-trained weights,
/// theta_j = base_j + alpha o_i.
namespace mapnet {

/// One parameter tensor. Groups of `share` consecutive weights are cut from its beginning, the last
/// one may be shorter; none reaches into the next tensor.
struct ShareSpan {
  std::size_t theta_offset = 0, size = 0;
  std::size_t output_offset = 0;
  std::uint32_t share = 0;  ///< L; 0: frozen, theta = base
  float alpha = 0;

  MAPNET_HOST_DEVICE std::size_t groups() const {
    return share == 0 ? 0 : (size + share - 1) / share;
  }
};

struct ShareDesc {
  std::vector<ShareSpan> spans;  ///< cover theta [P] and the outputs [G] in order, without gaps

  std::size_t target_size() const { return spans.back().theta_offset + spans.back().size; }
  std::size_t output_size() const { return spans.back().output_offset + spans.back().groups(); }
};

/// What the steps of a ShareDesc have in common.
struct ShareState {
  BufferId table = kNoBuffer;  ///< the spans, on a GPU
};

/// Adds the setup step that builds the state.
ShareState share_setup(Schedule& schedule, const std::string& name, const ShareDesc& desc);

/// Adds the step theta [P] = base [P] shifted by outputs [G].
void share_forward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                   const ShareState& state, BufferId base, BufferId outputs, BufferId theta);

/// Adds the step doutputs [G] = (d theta / d outputs)^T dtheta [P]: alpha times the sum over each
/// group. What dtheta says of frozen tensors is not read.
void share_backward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                    const ShareState& state, BufferId dtheta, BufferId doutputs);

MAPNET_HOST_DEVICE inline float shifted_weight(float base, float alpha, float output) {
  return base + alpha * output;
}

/// A group's sum is the sum of this many lanes: lane k adds values k, k + lanes, ... in order, then
/// the upper half of the lanes is added to the lower until one is left. It depends on L alone, so
/// the bits are the same on every device and with any number of threads.
MAPNET_HOST_DEVICE constexpr std::uint32_t share_lanes(std::uint32_t share) {
  if (share >= 2048) return 256;
  std::uint32_t lanes = 1;
  while (lanes < share && lanes < 32) lanes *= 2;
  return lanes;
}

}  // namespace mapnet
