#pragma once

#include <cuda_runtime.h>

#include "device/ops/batch_norm.hpp"

namespace mapnet::cuda {

/// What one channel is normalised with.
struct NormChannel {
  float mean, scale, beta;
  bool relu;

  __device__ float operator()(float x) const {
    const float y = batch_norm_value(x, mean, scale, beta);
    return relu && !(y > 0) ? 0.0f : y;
  }
  /// dy behind the ReLU's mask.
  __device__ float masked(float dy, float x) const {
    return relu && !(batch_norm_value(x, mean, scale, beta) > 0) ? 0.0f : dy;
  }
};

/// Of all channels: mean [C], and 1 / std [C], or the variance [C] where that is not null.
struct NormChannels {
  const float *gamma, *beta, *mean, *inverse_std, *variance;
  BatchNormDesc desc;

  __device__ NormChannel of(unsigned c) const {
    const float inverse =
        variance ? batch_norm_inverse_std(variance[c], desc.epsilon) : inverse_std[c];
    return {mean[c], batch_norm_scale(desc, gamma[c], inverse), beta[c], desc.relu};
  }
};

/// With a batch's own statistics [2, C].
inline NormChannels of_batch(const Memory& memory, const BatchNormDesc& desc, const Tensor& x,
                             const BatchNormParams& params, BufferId statistics) {
  const auto* mean = memory.at<const float>(statistics);
  return {memory.at<const float>(params.gamma.buffer) + params.gamma.offset,
          memory.at<const float>(params.beta.buffer) + params.beta.offset,
          mean,
          mean + x.c,
          nullptr,
          desc};
}

}  // namespace mapnet::cuda
