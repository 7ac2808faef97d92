#include "device/ops/max_pool.hpp"

#include "common/error.hpp"
#include "device/cpu/onednn.hpp"

namespace mapnet {

using namespace cpu;

MaxPool max_pool_forward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x) {
  MaxPool pool;
  Tensor& y = pool.y = x;
  y.h = x.h / kernel;
  y.w = x.w / kernel;
  if (y.h < 1 || y.w < 1)
    fail("{}: a {}x{} window does not fit the input of {}x{}", name, kernel, kernel, x.h, x.w);
  const auto pd = max_pool_forward_pd(tensor_desc(x), tensor_desc(y), kernel);
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  pool.workspace =
      schedule.buffer(name + ".argmax", "activations", pd.workspace_desc().get_size());
  add_primitive(schedule, name + ".forward", dnnl::pooling_forward(pd), pd.scratchpad_desc(),
                {{DNNL_ARG_SRC, pd.src_desc(), x.buffer},
                 {DNNL_ARG_DST, pd.dst_desc(), y.buffer, true},
                 {DNNL_ARG_WORKSPACE, pd.workspace_desc(), pool.workspace, true}},
                0, static_cast<double>(x.bytes() + y.bytes()));
  return pool;
}

Tensor max_pool_backward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x,
                         const MaxPool& forward, const Tensor& dy) {
  const dnnl::memory::desc dx_desc = tensor_desc(x), dy_desc = tensor_desc(dy);
  const auto hint = max_pool_forward_pd(dx_desc, dy_desc, kernel);
  const auto pd = max_pool_backward_pd(dx_desc, dy_desc, kernel, hint);
  Tensor dx = x;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  add_primitive(schedule, name + ".backward", dnnl::pooling_backward(pd), pd.scratchpad_desc(),
                {{DNNL_ARG_DIFF_DST, dy_desc, dy.buffer},
                 {DNNL_ARG_WORKSPACE, pd.workspace_desc(), forward.workspace},
                 {DNNL_ARG_DIFF_SRC, dx_desc, dx.buffer, true}},
                0, static_cast<double>(dx.bytes() + dy.bytes()));
  return dx;
}

}  // namespace mapnet
