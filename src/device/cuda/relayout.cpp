#include "device/ops/relayout.hpp"

#include "device/cuda/checks.hpp"

namespace mapnet::cuda {

/// Plain is what the kernels of this folder and cuDNN's plans here read and write.
Tensor relayout(Schedule& /*schedule*/, const std::string& name, const Tensor& x,
                int channel_block) {
  require_layout(name, x, channel_block);
  return x;
}

}  // namespace mapnet::cuda
