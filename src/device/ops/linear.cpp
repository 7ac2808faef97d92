#include "device/ops/linear.hpp"

#include "common/error.hpp"

namespace mapnet {

LinearShape linear_shape(const std::string& name, const LinearDesc& desc, const Tensor& x) {
  if (x.channel_block != 1) fail("{}: the input must be plain; relayout it first", name);
  LinearShape s{x.n, static_cast<int>(x.features()), desc.out_features, 0, 0};
  const double n = s.n, i = s.inputs, o = s.outputs;
  s.flops = 2.0 * n * i * o;
  s.bytes = sizeof(float) * (n * i + o * i + n * o);
  return s;
}

}  // namespace mapnet
