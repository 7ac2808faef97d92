#pragma once

#include <dnnl.hpp>
#include <string>
#include <vector>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

/// What the CPU twins share of oneDNN. The only place that knows which major version is used.
namespace mapnet::cpu {

const dnnl::engine& engine();

using Dims = dnnl::memory::dims;

/// Plain or blocked descriptors of what mapnet keeps in its buffers.
dnnl::memory::desc plain_desc(const Dims& dims);  ///< row-major, 1 to 4 dimensions
dnnl::memory::desc any_desc(const Dims& dims);    ///< let the primitive choose
dnnl::memory::desc tensor_desc(const Tensor& x);  ///< [n, c, h, w] as x lies in memory
Dims tensor_dims(const Tensor& x);

/// The channel block of a layout oneDNN chose for [n, c, h, w]; 0 when it is none of 1, 4, 8, 16.
int channel_block_of(const dnnl::memory::desc& desc, const Tensor& x);

/// Steps between windows and zeros around the image, the same along both axes.
struct Spacing {
  int stride, padding;
};

/// Primitive descriptors, all float32 training, scratchpads owned by the caller. A convolution's
/// bias is a descriptor of no dimensions where it has none.
dnnl::convolution_forward::primitive_desc conv_forward_pd(const dnnl::memory::desc& x,
                                                          const dnnl::memory::desc& weight,
                                                          const dnnl::memory::desc& bias,
                                                          const dnnl::memory::desc& y,
                                                          Spacing spacing, bool relu);
dnnl::convolution_backward_data::primitive_desc conv_backward_data_pd(
    const dnnl::memory::desc& dx, const dnnl::memory::desc& weight, const dnnl::memory::desc& dy,
    Spacing spacing, const dnnl::convolution_forward::primitive_desc& hint);
dnnl::convolution_backward_weights::primitive_desc conv_backward_weights_pd(
    const dnnl::memory::desc& x, const dnnl::memory::desc& dweight, const dnnl::memory::desc& dbias,
    const dnnl::memory::desc& dy, Spacing spacing,
    const dnnl::convolution_forward::primitive_desc& hint);
dnnl::pooling_forward::primitive_desc max_pool_forward_pd(const dnnl::memory::desc& x,
                                                          const dnnl::memory::desc& y, int kernel,
                                                          Spacing spacing);
dnnl::pooling_backward::primitive_desc max_pool_backward_pd(
    const dnnl::memory::desc& dx, const dnnl::memory::desc& dy, int kernel, Spacing spacing,
    const dnnl::pooling_forward::primitive_desc& hint);
dnnl::eltwise_forward::primitive_desc relu_forward_pd(const dnnl::memory::desc& x);
dnnl::eltwise_backward::primitive_desc relu_backward_pd(
    const dnnl::memory::desc& y, const dnnl::eltwise_forward::primitive_desc& hint);

/// One argument of a primitive: where it lies, and whether the primitive writes it.
struct Arg {
  int id;
  dnnl::memory::desc desc;
  BufferId buffer;
  bool write = false;
  std::size_t byte_offset = 0;
};

/// A tensor as an argument.
Arg tensor_arg(int id, const Tensor& x, bool write = false);

/// Adds a step that executes `primitive`; a scratchpad, where it wants one, becomes a planned
/// buffer.
void add_primitive(Schedule& schedule, const std::string& name, const dnnl::primitive& primitive,
                   const dnnl::memory::desc& scratchpad, std::vector<Arg> args, double flops,
                   double bytes);

/// Adds a step that copies between layouts.
void add_reorder(Schedule& schedule, const std::string& name, const Arg& from, const Arg& to);

/// Where a parameter slice lies in the layout `wanted`: the slice itself when it is row-major, else
/// a planned buffer that an added reorder step fills.
Arg reordered_param(Schedule& schedule, const std::string& name, int id, const ParamSlice& slice,
                    const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted);

/// The other way: where a primitive is to write a gradient in the layout `chosen`. Call
/// finish_gradient after the primitive to bring it home to the slice.
Arg gradient_target(Schedule& schedule, const std::string& name, int id, const ParamSlice& slice,
                    const dnnl::memory::desc& plain, const dnnl::memory::desc& chosen);
void finish_gradient(Schedule& schedule, const std::string& name, const Arg& gradient,
                     const ParamSlice& slice, const dnnl::memory::desc& plain);

}  // namespace mapnet::cpu
