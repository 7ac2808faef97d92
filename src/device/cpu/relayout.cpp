#include "device/ops/relayout.hpp"

#include "device/cpu/onednn.hpp"

namespace mapnet {

Tensor relayout(Schedule& schedule, const std::string& name, const Tensor& x, int channel_block) {
  if (x.channel_block == channel_block) return x;
  Tensor y = x;
  y.channel_block = channel_block;
  y.buffer = schedule.buffer(name, "activations", y.bytes());
  cpu::add_reorder(schedule, name, {0, cpu::tensor_desc(x), x.buffer},
                   {0, cpu::tensor_desc(y), y.buffer, true});
  return y;
}

}  // namespace mapnet
