#include "device/cuda/conv2d_steps.hpp"

#include <utility>

#include "common/error.hpp"
#include "device/cuda/check.hpp"
#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"

namespace mapnet::cuda {

namespace {

/// In floats: what plan_convolution's tensors begin at a multiple of. With less cuDNN has the same
/// float32 engines, but not all TF32 ones.
constexpr std::size_t kAlignment = 4;

ParamSlice place_of(const Tensor& t) { return {t.buffer, t.offset}; }

}  // namespace

Conv2dSteps::Conv2dSteps(Schedule& schedule, std::string name, const Conv2dDesc& d, const Tensor& x)
    : schedule_(schedule), name_(std::move(name)), x_(x) {
  require_layout(name_, x, 1);
  shape_ = {x.n, x.c, x.h, x.w, d.out_channels, d.kernel, d.padding, d.stride};
  const Conv2dShape made = conv2d_shape(name_, d, x);
  y_ = made.y;
  weights_ = made.n_weights;
  flops_ = made.flops;
}

void Conv2dSteps::forward(const Tensor& x, const ParamSlice& weight, const Tensor& y) const {
  add("forward", ConvPass::forward, place_of(x), aligned("weight.copy", weight), place_of(y));
}

void Conv2dSteps::backward_weights(const Tensor& x, const Tensor& dy,
                                   const ParamSlice& dweight) const {
  ParamSlice target = dweight;
  if (dweight.offset % kAlignment != 0)
    target = {schedule_.buffer(name_ + ".dweight", "weights", weights_ * sizeof(float)), 0};
  add("backward_weights", ConvPass::backward_filter, place_of(x), place_of(dy), target);
  if (target.buffer != dweight.buffer) add_copy(name_ + ".dweight.copy", target, dweight);
}

void Conv2dSteps::backward_data(const Tensor& dx, const ParamSlice& weight,
                                const Tensor& dy) const {
  add("backward_data", ConvPass::backward_data, place_of(dy),
      aligned("weight.copy_backward", weight), place_of(dx));
}

/// The weights, or a copy where they lie too unevenly.
ParamSlice Conv2dSteps::aligned(const std::string& what, const ParamSlice& weight) const {
  if (weight.offset % kAlignment == 0) return weight;
  const std::string name = name_ + "." + what;
  const ParamSlice copy = {schedule_.buffer(name, "weights", weights_ * sizeof(float)), 0};
  add_copy(name, weight, copy);
  return copy;
}

void Conv2dSteps::add_copy(const std::string& step_name, const ParamSlice& from,
                           const ParamSlice& to) const {
  Step step;
  step.name = step_name;
  step.reads = {from.buffer};
  step.writes = {to.buffer};
  const std::size_t bytes = weights_ * sizeof(float);
  step.bytes = 2.0 * static_cast<double>(bytes);
  const cudaStream_t stream = gpu_of(schedule_).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* source = memory.at<const float>(from.buffer) + from.offset;
    auto* target = memory.at<float>(to.buffer) + to.offset;
    return [=] {
      MAPNET_CUDA(cudaMemcpyAsync(target, source, bytes, cudaMemcpyDeviceToDevice, stream));
    };
  };
  schedule_.add(std::move(step));
}

void Conv2dSteps::add(const std::string& what, ConvPass pass, const ParamSlice& a,
                      const ParamSlice& b, const ParamSlice& out) const {
  Gpu& gpu = gpu_of(schedule_);
  const auto plan = plan_convolution(gpu.cudnn(), pass, shape_, gpu.fast_math());
  Step step;
  step.name = name_ + "." + what;
  for (const ParamSlice& place : {a, b, out})
    if (place.offset % kAlignment != 0) fail("{}: a tensor lies unaligned", step.name);
  const BufferId workspace =
      schedule_.buffer(step.name + ".workspace", "workspace", plan->workspace_bytes());
  step.reads = {a.buffer, b.buffer};
  step.writes = {out.buffer, workspace};
  step.flops = flops_;
  step.bytes = static_cast<double>(x_.bytes() + y_.bytes() + weights_ * sizeof(float));
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(a.buffer) + a.offset;
    const auto* with = memory.at<const float>(b.buffer) + b.offset;
    auto* to = memory.at<float>(out.buffer) + out.offset;
    void* scratch = memory.at<std::byte>(workspace);
    return [=] { plan->run(from, with, to, scratch); };
  };
  schedule_.add(std::move(step));
}

}  // namespace mapnet::cuda
