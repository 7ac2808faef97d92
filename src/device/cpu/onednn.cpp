#include "device/cpu/onednn.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/error.hpp"

namespace mapnet::cpu {

using dnnl::memory;
using Desc = memory::desc;
using Tag = memory::format_tag;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

namespace {

dnnl::stream& stream() {
  static dnnl::stream s(engine());
  return s;
}

Tag blocked_tag(int channel_block) {
  switch (channel_block) {
    case 1:
      return Tag::nchw;
    case 4:
      return Tag::nChw4c;
    case 8:
      return Tag::nChw8c;
    case 16:
      return Tag::nChw16c;
    default:
      fail("oneDNN: no layout with {} channels innermost", channel_block);
  }
}

}  // namespace

Desc plain_desc(const Dims& dims) {
  static constexpr Tag tags[] = {Tag::undef, Tag::a, Tag::ab, Tag::abc, Tag::abcd};
  return {dims, memory::data_type::f32, tags[dims.size()]};
}

Desc any_desc(const Dims& dims) { return {dims, memory::data_type::f32, Tag::any}; }

Dims tensor_dims(const Tensor& x) { return {x.n, x.c, x.h, x.w}; }

Desc tensor_desc(const Tensor& x) {
  return {tensor_dims(x), memory::data_type::f32, blocked_tag(x.channel_block)};
}

int channel_block_of(const Desc& desc, const Tensor& x) {
  for (int block : {16, 8, 4, 1})
    if (desc == Desc(tensor_dims(x), memory::data_type::f32, blocked_tag(block))) return block;
  return 0;
}

namespace {

dnnl::primitive_attr attributes(bool relu = false) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (relu) {
    dnnl::post_ops ops;
#if DNNL_VERSION_MAJOR >= 3
    ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#else
    ops.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#endif
    attr.set_post_ops(ops);
  }
  return attr;
}

constexpr auto kTraining = dnnl::prop_kind::forward_training;
// `auto` takes Winograd where oneDNN's heuristics find it faster (2.x, AVX-512, wide layers).
constexpr auto kConv = dnnl::algorithm::convolution_auto;
constexpr auto kPool = dnnl::algorithm::pooling_max;
// The backward pass from the output: the input need not be kept, so ReLU can work in place.
constexpr auto kRelu = dnnl::algorithm::eltwise_relu_use_dst_for_bwd;

Dims both(int value) { return {value, value}; }

/// 2.x describes an operation first and asks for an implementation of it second; 3.x does both at
/// once and wants the engine first.
#if DNNL_VERSION_MAJOR >= 3
template <class Primitive, class Hint, class... Args>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attr, const Hint& hint,
                                            const Args&... args) {
  return {engine(), args..., hint, attr};
}
template <class Primitive, class... Args>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attr, std::nullptr_t,
                                            const Args&... args) {
  return {engine(), args..., attr};
}
#else
template <class Primitive, class Hint, class... Args>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attr, const Hint& hint,
                                            const Args&... args) {
  return {typename Primitive::desc(args...), attr, engine(), hint};
}
template <class Primitive, class... Args>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attr, std::nullptr_t,
                                            const Args&... args) {
  return {typename Primitive::desc(args...), attr, engine()};
}
#endif

}  // namespace

dnnl::convolution_forward::primitive_desc conv_forward_pd(const Desc& x, const Desc& weight,
                                                          const Desc& bias, const Desc& y,
                                                          Spacing spacing, bool relu) {
  const Dims strides = both(spacing.stride), pad = both(spacing.padding);
  return describe<dnnl::convolution_forward>(attributes(relu), nullptr, kTraining, kConv, x, weight,
                                             bias, y, strides, pad, pad);
}

dnnl::convolution_backward_data::primitive_desc conv_backward_data_pd(
    const Desc& dx, const Desc& weight, const Desc& dy, Spacing spacing,
    const dnnl::convolution_forward::primitive_desc& hint) {
  const Dims strides = both(spacing.stride), pad = both(spacing.padding);
  return describe<dnnl::convolution_backward_data>(attributes(), hint, kConv, dx, weight, dy,
                                                   strides, pad, pad);
}

dnnl::convolution_backward_weights::primitive_desc conv_backward_weights_pd(
    const Desc& x, const Desc& dweight, const Desc& dbias, const Desc& dy, Spacing spacing,
    const dnnl::convolution_forward::primitive_desc& hint) {
  const Dims strides = both(spacing.stride), pad = both(spacing.padding);
  const auto make = [&](dnnl::algorithm algorithm) {
    return describe<dnnl::convolution_backward_weights>(attributes(), hint, algorithm, x, dweight,
                                                        dbias, dy, strides, pad, pad);
  };
  // `auto` never takes Winograd here, though it is up to twice as fast (docs/performance.md); where
  // it does not exist (3.x, no AVX-512, other shapes) oneDNN refuses.
  try {
    return make(dnnl::algorithm::convolution_winograd);
  } catch (const dnnl::error&) {
    return make(kConv);
  }
}

dnnl::pooling_forward::primitive_desc max_pool_forward_pd(const Desc& x, const Desc& y, int kernel,
                                                          Spacing spacing) {
  const Dims size = both(kernel), strides = both(spacing.stride), pad = both(spacing.padding);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kTraining, kPool, x, y, strides, size, both(0), pad, pad, attributes()};
#else
  return {{kTraining, kPool, x, y, strides, size, pad, pad}, attributes(), engine()};
#endif
}

dnnl::pooling_backward::primitive_desc max_pool_backward_pd(
    const Desc& dx, const Desc& dy, int kernel, Spacing spacing,
    const dnnl::pooling_forward::primitive_desc& hint) {
  const Dims size = both(kernel), strides = both(spacing.stride), pad = both(spacing.padding);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kPool, dx, dy, strides, size, both(0), pad, pad, hint, attributes()};
#else
  return {{kPool, dx, dy, strides, size, pad, pad}, attributes(), engine(), hint};
#endif
}

dnnl::eltwise_forward::primitive_desc relu_forward_pd(const Desc& x) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kTraining, kRelu, x, x, 0.f, 0.f, attributes()};
#else
  return {{kTraining, kRelu, x, 0.f, 0.f}, attributes(), engine()};
#endif
}

dnnl::eltwise_backward::primitive_desc relu_backward_pd(
    const Desc& y, const dnnl::eltwise_forward::primitive_desc& hint) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kRelu, y, y, y, 0.f, 0.f, hint, attributes()};
#else
  return {{kRelu, y, y, 0.f, 0.f}, attributes(), engine(), hint};
#endif
}

namespace {

/// A primitive with its arguments in the form the C call takes, so that running it builds nothing.
struct BoundPrimitive {
  dnnl::primitive primitive;
  std::vector<memory> memories;
  std::vector<dnnl_exec_arg_t> args;

  void run() const {
    const dnnl_status_t status = dnnl_primitive_execute(primitive.get(), stream().get(),
                                                        static_cast<int>(args.size()), args.data());
    if (status != dnnl_success) fail("oneDNN: execute failed with status {}", int(status));
  }
};

}  // namespace

Arg tensor_arg(int id, const Tensor& x, bool write) {
  return {id, tensor_desc(x), x.buffer, write, x.offset * sizeof(float)};
}

void add_primitive(Schedule& schedule, const std::string& name, const dnnl::primitive& primitive,
                   const Desc& scratchpad, std::vector<Arg> args, double flops, double bytes) {
  if (scratchpad.get_size() > 0) {
    const BufferId id = schedule.buffer(name + ".scratchpad", "workspace", scratchpad.get_size());
    args.push_back({DNNL_ARG_SCRATCHPAD, scratchpad, id, true});
  }
  Step step;
  step.name = name;
  step.flops = flops;
  step.bytes = bytes;
  for (const Arg& arg : args) (arg.write ? step.writes : step.reads).push_back(arg.buffer);
  step.bind = [primitive, args = std::move(args)](const Memory& memory) -> Run {
    auto bound = std::make_shared<BoundPrimitive>();
    bound->primitive = primitive;
    for (const Arg& arg : args) {
      bound->memories.emplace_back(arg.desc, engine(),
                                   memory.at<std::byte>(arg.buffer, arg.byte_offset));
      bound->args.push_back({arg.id, bound->memories.back().get()});
    }
    return [bound] { bound->run(); };
  };
  schedule.add(std::move(step));
}

void add_reorder(Schedule& schedule, const std::string& name, const Arg& from, const Arg& to) {
  const dnnl::reorder::primitive_desc pd(engine(), from.desc, engine(), to.desc, attributes());
  add_primitive(schedule, name, dnnl::reorder(pd), pd.scratchpad_desc(),
                {{DNNL_ARG_FROM, from.desc, from.buffer, false, from.byte_offset},
                 {DNNL_ARG_TO, to.desc, to.buffer, true, to.byte_offset}},
                0, static_cast<double>(from.desc.get_size() + to.desc.get_size()));
}

Arg reordered_param(Schedule& schedule, const std::string& name, int id, const ParamSlice& slice,
                    const Desc& plain, const Desc& wanted) {
  const Arg home = {id, plain, slice.buffer, false, slice.offset * sizeof(float)};
  if (wanted == plain) return home;
  const BufferId copy = schedule.buffer(name, "weights", wanted.get_size());
  const Arg arg = {id, wanted, copy, false, 0};
  add_reorder(schedule, name, home, arg);
  return arg;
}

Arg gradient_target(Schedule& schedule, const std::string& name, int id, const ParamSlice& slice,
                    const Desc& plain, const Desc& chosen) {
  if (chosen == plain) return {id, plain, slice.buffer, true, slice.offset * sizeof(float)};
  return {id, chosen, schedule.buffer(name, "weights", chosen.get_size()), true, 0};
}

void finish_gradient(Schedule& schedule, const std::string& name, const Arg& gradient,
                     const ParamSlice& slice, const Desc& plain) {
  if (gradient.buffer == slice.buffer) return;
  add_reorder(schedule, name, gradient,
              {0, plain, slice.buffer, true, slice.offset * sizeof(float)});
}

}  // namespace mapnet::cpu
