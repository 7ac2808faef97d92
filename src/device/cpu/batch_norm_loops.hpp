#pragma once

#include <cstddef>

#include "device/cpu/channel_tasks.hpp"
#include "device/ops/batch_norm.hpp"

/// The loops of batch normalisation, on contiguous floats of which value i belongs to lane
/// i % kLanes. A block of 1, 8 or 16 channels are lanes that share a channel, or do not.
namespace mapnet::cpu {

inline constexpr std::size_t kLanes = ChannelTasks::kLanes;

/// What a lane's values are normalised with. All zero: a padded channel, whose y and dx are zero.
struct NormLanes {
  float mean[kLanes] = {}, scale[kLanes] = {}, beta[kLanes] = {};
};

/// lanes [kLanes] += the moments of x [n].
void add_moments(Moments<double>* lanes, const float* x, std::size_t n);

/// y = (x - mean) scale + beta, or where `relu` its positive part.
void normalise(float* y, const float* x, std::size_t n, const NormLanes& lanes, bool relu);

/// The sums over a lane of dy and of dy (x - mean).
struct GradientSums {
  double dy, dy_x;
};

/// sums [kLanes] += those of x and dy [n], dy being zero where `relu` and y is not positive.
void add_gradient_sums(GradientSums* sums, const float* x, const float* dy, std::size_t n,
                       const NormLanes& lanes, bool relu);

/// dx = scale (dy - mean_dy - (x - mean) slope), dy as above.
struct GradientLanes {
  float mean_dy[kLanes] = {}, slope[kLanes] = {};
};
void normalise_backward(float* dx, const float* x, const float* dy, std::size_t n,
                        const NormLanes& lanes, const GradientLanes& gradient, bool relu);

}  // namespace mapnet::cpu
