#include "device/ops/linear.hpp"

#include <algorithm>

#include "device/cuda/alignment_of.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/sum_rows.hpp"

namespace mapnet::cuda {

namespace {

BufferId workspace_for(Schedule& schedule, const std::string& step, const Product& product) {
  return schedule.buffer(step + ".workspace", "workspace", product.workspace_bytes());
}

/// One product as a step: c = a b, all given as places in the arena.
struct ProductStep {
  std::string name;
  ParamSlice a, b, c;
  ParamSlice bias = {};
};

void add_product(Schedule& schedule, const LinearShape& s, const ProductStep& p,
                 const ProductDesc& desc) {
  Gpu& gpu = gpu_of(schedule);
  ProductDesc aligned = desc;
  aligned.align_a = alignment_of(p.a);
  aligned.align_b = alignment_of(p.b);
  aligned.align_c = alignment_of(p.c);
  if (desc.bias) aligned.align_bias = alignment_of(p.bias);
  const auto product = plan_product(gpu.blas(), aligned, gpu.fast_math());
  const BufferId workspace = workspace_for(schedule, p.name, *product);
  Step step;
  step.name = p.name;
  step.reads = {p.a.buffer, p.b.buffer};
  if (desc.bias) step.reads.push_back(p.bias.buffer);
  step.writes = {p.c.buffer, workspace};
  step.flops = s.flops;
  step.bytes = s.bytes;
  step.bind = [=](const Memory& memory) -> Run {
    const auto* a = memory.at<const float>(p.a.buffer) + p.a.offset;
    const auto* b = memory.at<const float>(p.b.buffer) + p.b.offset;
    const float* bias = desc.bias ? memory.at<const float>(p.bias.buffer) + p.bias.offset : nullptr;
    auto* c = memory.at<float>(p.c.buffer) + p.c.offset;
    auto* scratch = memory.at<std::byte>(workspace);
    return [=] { product->run(a, b, bias, c, scratch); };
  };
  schedule.add(std::move(step));
}

}  // namespace

Tensor linear_forward(Schedule& schedule, const std::string& name, const LinearDesc& d,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  const LinearShape s = linear_shape(name, d, x);
  Tensor y;
  y.n = x.n;
  y.c = d.out_features;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  add_product(schedule, s, {name + ".forward", {x.buffer, x.offset}, weight, {y.buffer, 0}, bias},
              {.m = s.n,
               .n = s.outputs,
               .k = s.inputs,
               .transpose_b = true,
               .bias = !bias.absent(),
               .relu = d.relu});
  return y;
}

Tensor linear_backward(Schedule& schedule, const std::string& name, const LinearDesc& d,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  const LinearShape s = linear_shape(name, d, x);
  const ParamSlice x_at = {x.buffer, x.offset}, dy_at = {dy.buffer, dy.offset};
  add_product(schedule, s, {name + ".backward_weights", dy_at, x_at, dweight},
              {.m = s.outputs, .n = s.inputs, .k = s.n, .transpose_a = true});
  if (!dbias.absent())
    add_sum_rows(schedule, name + ".backward_bias", dbias, dy_at, static_cast<std::size_t>(s.n),
                 static_cast<std::size_t>(s.outputs));
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  add_product(schedule, s, {name + ".backward_data", dy_at, weight, {dx.buffer, 0}},
              {.m = s.n, .n = s.inputs, .k = s.outputs});
  return dx;
}

}  // namespace mapnet::cuda
