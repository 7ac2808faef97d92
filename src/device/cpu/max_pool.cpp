#include "device/ops/max_pool.hpp"

#include <utility>

#include "device/cpu/max_pool_steps.hpp"

namespace mapnet::cpu {

MaxPoolSteps::MaxPoolSteps(Schedule& schedule, std::string name, const MaxPoolDesc& desc,
                           const Tensor& x)
    : schedule_(schedule), name_(std::move(name)), y_(max_pool_shape(name_, desc, x)) {
  const Spacing spacing = {desc.step(), desc.padding};
  forward_ = max_pool_forward_pd(tensor_desc(x), tensor_desc(y_), desc.kernel, spacing);
  backward_ = max_pool_backward_pd(tensor_desc(x), tensor_desc(y_), desc.kernel, spacing, forward_);
}

void MaxPoolSteps::forward(const Tensor& x, const Tensor& y, BufferId argmax,
                           std::size_t argmax_at) const {
  add_primitive(schedule_, name_ + ".forward", dnnl::pooling_forward(forward_),
                forward_.scratchpad_desc(),
                {tensor_arg(DNNL_ARG_SRC, x),
                 tensor_arg(DNNL_ARG_DST, y, true),
                 {DNNL_ARG_WORKSPACE, forward_.workspace_desc(), argmax, true, argmax_at}},
                0, static_cast<double>(x.bytes() + y.bytes() + argmax_bytes()));
}

void MaxPoolSteps::backward(const Tensor& dx, const Tensor& dy, BufferId argmax,
                            std::size_t argmax_at) const {
  add_primitive(schedule_, name_ + ".backward", dnnl::pooling_backward(backward_),
                backward_.scratchpad_desc(),
                {tensor_arg(DNNL_ARG_DIFF_DST, dy),
                 {DNNL_ARG_WORKSPACE, backward_.workspace_desc(), argmax, false, argmax_at},
                 tensor_arg(DNNL_ARG_DIFF_SRC, dx, true)},
                0, static_cast<double>(dx.bytes() + dy.bytes() + argmax_bytes()));
}

MaxPool max_pool_forward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x) {
  const MaxPoolSteps steps(schedule, name, desc, x);
  MaxPool pool{steps.y(), schedule.buffer(name + ".argmax", "activations", steps.argmax_bytes())};
  pool.y.buffer = schedule.buffer(name + ".y", "activations", pool.y.bytes());
  steps.forward(x, pool.y, pool.argmax);
  return pool;
}

Tensor max_pool_backward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x, const MaxPool& forward, const Tensor& dy) {
  const MaxPoolSteps steps(schedule, name, desc, x);
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  steps.backward(dx, dy, forward.argmax);
  return dx;
}

}  // namespace mapnet::cpu
