#include "device/cuda/shapes.hpp"

#include "common/error.hpp"

namespace mapnet::cuda {

void require_layout(const std::string& name, const Tensor& x, int channel_block) {
  if (x.channel_block != channel_block)
    fail("{}: on a GPU all tensors are plain, they cannot have {} channels innermost", name,
         channel_block == 1 ? x.channel_block : channel_block);
}

Tensor pooled(const std::string& name, int window, const Tensor& x) {
  require_layout(name, x, 1);
  Tensor y = x;
  y.buffer = kNoBuffer;
  y.offset = 0;
  y.h = x.h / window;
  y.w = x.w / window;
  if (y.h < 1 || y.w < 1)
    fail("{}: a {}x{} window does not fit the input of {}x{}", name, window, window, x.h, x.w);
  return y;
}

Tensor pooled(const std::string& name, const ConvPool2dDesc& desc, const Tensor& x) {
  if (desc.conv.relu) fail("{}: the ReLU belongs behind the pooling, not before it", name);
  if (desc.pool > kMostWindow)
    fail("{}: a window joined to a convolution has at most {} rows on a GPU, not {}", name,
         kMostWindow, desc.pool);
  return pooled(name + ".pool", desc.pool, x);
}

}  // namespace mapnet::cuda
