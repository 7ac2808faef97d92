#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Batch normalisation over N, H, W (Ioffe and Szegedy 2015), PyTorch's definition and defaults:
/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, the biased variance in y, the unbiased
/// one in the running statistics, running <- (1 - momentum) running + momentum batch.
struct BatchNormDesc {
  float epsilon = 1e-5f;
  float momentum = 0.1f;
  bool relu = false;              ///< y = max(0, y), in the same pass
  bool update_statistics = true;  ///< false: a second network in the same step
};

/// gamma and beta [C] in theta, running mean and variance [C] in the network's state.
struct BatchNormParams {
  ParamSlice gamma, beta, running_mean, running_var;
};

struct BatchNorm {
  Tensor y;                         ///< [N, C, H, W], in the layout of x
  BufferId statistics = kNoBuffer;  ///< of the batch, for the backward pass: [2, C], the mean and
                                    ///< 1 / sqrt(variance + epsilon)
};

/// Adds the steps of a training forward pass. Statistics are of the first control.now.count images
/// alone, the real ones of a batch: the others are padding, and their y is what those statistics
/// make of them.
BatchNorm batch_norm_forward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                             const Tensor& x, const BatchNormParams& params, BufferId control);

/// Adds the step of an evaluation: running statistics in place of the batch's.
Tensor batch_norm_evaluate(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNormParams& params);

/// Adds the steps of the backward pass of a training forward pass. dy: gradient of y (behind the
/// ReLU where desc.relu: the mask is applied here), in the layout of y, zero in padding images; not
/// changed. Sets dgamma and dbeta. Returns dx, zero in padding images.
Tensor batch_norm_backward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNorm& forward, const Tensor& dy,
                           const BatchNormParams& params, const ParamSlice& dgamma,
                           const ParamSlice& dbeta, BufferId control);

}  // namespace mapnet
