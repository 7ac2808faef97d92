#include "device/ops/relu.hpp"

#include "device/cpu/onednn.hpp"

namespace mapnet::cpu {

void relu_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  const dnnl::memory::desc desc = tensor_desc(x);
  const auto pd = relu_forward_pd(desc);
  add_primitive(schedule, name + ".forward", dnnl::eltwise_forward(pd), pd.scratchpad_desc(),
                {tensor_arg(DNNL_ARG_SRC, x), tensor_arg(DNNL_ARG_DST, x, true)}, 0,
                2.0 * static_cast<double>(x.bytes()));
}

void relu_backward(Schedule& schedule, const std::string& name, const Tensor& y, const Tensor& dy) {
  const dnnl::memory::desc desc = tensor_desc(y);
  const auto pd = relu_backward_pd(desc, relu_forward_pd(desc));
  add_primitive(schedule, name + ".backward", dnnl::eltwise_backward(pd), pd.scratchpad_desc(),
                {tensor_arg(DNNL_ARG_DST, y), tensor_arg(DNNL_ARG_DIFF_DST, dy),
                 tensor_arg(DNNL_ARG_DIFF_SRC, dy, true)},
                0, 3.0 * static_cast<double>(y.bytes()));
}

}  // namespace mapnet::cpu
