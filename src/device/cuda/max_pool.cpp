#include "device/ops/max_pool.hpp"

#include "device/cuda/pool_steps.hpp"

namespace mapnet::cuda {

MaxPool max_pool_forward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x) {
  return add_pool_forward(schedule, name, desc, x, {}, name + ".argmax");
}

Tensor max_pool_backward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x, const MaxPool& forward, const Tensor& dy) {
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  add_pool_backward(schedule, name, desc, dx, forward, dy);
  return dx;
}

}  // namespace mapnet::cuda
