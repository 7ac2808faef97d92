#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// x with `channel_block` channels innermost: x itself where it lies so already, else a copy that
/// an added step makes.
Tensor relayout(Schedule& schedule, const std::string& name, const Tensor& x, int channel_block);

}  // namespace mapnet
