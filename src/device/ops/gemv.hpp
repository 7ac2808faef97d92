#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

/// A trained matrix times one vector: what a fully connected layer is for a batch of one. Bound by
/// reading the matrix once, and in the backward pass by writing as large a gradient; every operand
/// is a place in a buffer, so that trained values of several layers may share one.
namespace mapnet {

struct GemvDesc {
  std::size_t outputs = 0;  ///< O
  std::size_t inputs = 0;   ///< I
  bool relu = false;        ///< y = max(0, W x + b), in the same pass
};

/// Adds the step y [O] = W x + b. W [O, I] row-major; b [O], or a slice without a buffer.
/// Throws Error when an operand does not fit into its buffer.
void gemv_forward(Schedule& schedule, const std::string& name, const GemvDesc& desc,
                  const ParamSlice& y, const ParamSlice& x, const ParamSlice& weight,
                  const ParamSlice& bias);

/// Adds the step of the backward pass. dy [O]: gradient of the product's own output. Sets dweight =
/// dy x^T, dbias = dy where it has a buffer, and dx [I] = W^T dy where it has one, summed in an
/// order that depends on the shape alone. Throws Error like gemv_forward.
void gemv_backward(Schedule& schedule, const std::string& name, const GemvDesc& desc,
                   const ParamSlice& dx, const ParamSlice& dweight, const ParamSlice& dbias,
                   const ParamSlice& dy, const ParamSlice& x, const ParamSlice& weight);

/// Throws Error naming `name` and `what` unless n floats from `slice` on lie within its buffer. A
/// slice without a buffer is fine.
void require_floats(const Schedule& schedule, const std::string& name, const char* what,
                    const ParamSlice& slice, std::size_t n);

}  // namespace mapnet
