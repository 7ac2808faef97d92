#include "device/ops/relayout.hpp"

#include "device/cpu/onednn.hpp"

namespace mapnet::cpu {

Tensor relayout(Schedule& schedule, const std::string& name, const Tensor& x, int channel_block) {
  if (x.channel_block == channel_block) return x;
  Tensor y = x;
  y.offset = 0;
  y.channel_block = channel_block;
  y.buffer = schedule.buffer(name, "activations", y.bytes());
  add_reorder(schedule, name, tensor_arg(0, x), tensor_arg(0, y, true));
  return y;
}

}  // namespace mapnet::cpu
