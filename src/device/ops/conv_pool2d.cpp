#include "device/ops/conv_pool2d.hpp"

#include "common/error.hpp"

namespace mapnet {

void check_conv_pool2d(const std::string& name, const ConvPool2dDesc& desc) {
  if (desc.conv.relu) fail("{}: the ReLU belongs behind the pooling, not before it", name);
}

}  // namespace mapnet
