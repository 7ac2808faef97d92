#pragma once

#include <cmath>
#include <string>

#include "device/host_device.hpp"
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
  float gamma_center = 0;         ///< gamma is this and what the parameter says
};

/// Where a network has them: gamma and beta [C] in theta, running mean and variance [C] in the
/// network's state.
struct BatchNormParams {
  ParamSlice gamma, beta;
  ParamSlice running_mean, running_var;  ///< forward, with update_statistics, and evaluate
};

struct BatchNorm {
  Tensor y;                         ///< [N, C, H, W], in the layout of x
  BufferId statistics = kNoBuffer;  ///< of the batch, for the backward pass: [2, C], the mean and
                                    ///< 1 / sqrt(variance + epsilon)
};

// Why not oneDNN's or cuDNN's: both normalise over every image they are given, while the last ones
// of a batch may be padding, how many is known only when the step runs, and the number of images of
// a primitive or of a recorded graph is fixed when it is made.

/// The number of some values, their mean and the sum of their squared deviations from it.
template <class Real>
struct Moments {
  Real n, mean, squares;
};

/// a = the moments of a's values and b's (Chan, Golub and LeVeque 1979): no square of a mean is
/// ever subtracted from a mean of squares, so a mean much larger than the deviations costs no
/// digits.
template <class Real>
MAPNET_HOST_DEVICE inline void merge(Moments<Real>& a, const Moments<Real>& b) {
  if (b.n == 0) return;
  const Real n = a.n + b.n, apart = b.mean - a.mean, share = b.n / n;
  a.mean += apart * share;
  a.squares += b.squares + apart * apart * a.n * share;
  a.n = n;
}

MAPNET_HOST_DEVICE inline float batch_norm_scale(const BatchNormDesc& desc, float gamma,
                                                 float inverse_std) {
  return (desc.gamma_center + gamma) * inverse_std;
}

MAPNET_HOST_DEVICE inline float batch_norm_inverse_std(float variance, float epsilon) {
  return 1.0f / std::sqrt(variance + epsilon);
}

/// y before the ReLU, scale = gamma / sqrt(variance + epsilon): the same three operations in the
/// forward and the backward pass, which so finds the ReLU's mask without reading y.
MAPNET_HOST_DEVICE inline float batch_norm_value(float x, float mean, float scale, float beta) {
  return (x - mean) * scale + beta;
}

/// A channel's mean and inverse deviation, and where they are not null its running statistics. One
/// value alone has no unbiased variance: it counts as 0. No value leaves them as they were.
MAPNET_HOST_DEVICE inline void batch_norm_finish(const Moments<double>& batch,
                                                 const BatchNormDesc& desc, float& mean,
                                                 float& inverse_std, float* running_mean,
                                                 float* running_var) {
  const double n = batch.n > 1 ? batch.n : 1, others = n > 1 ? n - 1 : 1;
  mean = static_cast<float>(batch.mean);
  inverse_std = batch_norm_inverse_std(static_cast<float>(batch.squares / n), desc.epsilon);
  if (running_mean == nullptr || batch.n == 0) return;
  const auto unbiased = static_cast<float>(batch.squares / others);
  *running_mean = (1.0f - desc.momentum) * *running_mean + desc.momentum * mean;
  *running_var = (1.0f - desc.momentum) * *running_var + desc.momentum * unbiased;
}

/// What dx needs of all gradients of a channel: dx = scale (dy - mean_dy - (x - mean) slope).
struct BatchNormGradient {
  float mean_dy, slope;
};

/// From n gradients' sum and that of dy (x - mean).
MAPNET_HOST_DEVICE inline BatchNormGradient batch_norm_gradient(double sum, double sum_x, double n,
                                                                float inverse_std, float& dgamma,
                                                                float& dbeta) {
  const double i = static_cast<double>(inverse_std), count = n > 1 ? n : 1;
  dbeta = static_cast<float>(sum);
  dgamma = static_cast<float>(sum_x * i);
  return {static_cast<float>(sum / count), static_cast<float>(sum_x * i * i / count)};
}

/// Adds the steps of a training forward pass. Statistics are of the first control.now.count images
/// alone, the real ones of a batch (of all, where a pass has fewer): the others are
/// padding, and their y is what those statistics make of them.
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
