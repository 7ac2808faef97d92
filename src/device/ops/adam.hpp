#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "device/host_device.hpp"
#include "device/schedule.hpp"

namespace mapnet {

/// Adam (Kingma and Ba 2015), with PyTorch's defaults and its place for epsilon.
struct AdamDesc {
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
};

/// One value's update; correction1, 2 = 1 - beta^t.
MAPNET_HOST_DEVICE inline void adam_update(float& value, float& m, float& v, float gradient,
                                           const AdamDesc& d, float learning_rate,
                                           float correction1, float correction2) {
  m = d.beta1 * m + (1.0f - d.beta1) * gradient;
  v = d.beta2 * v + (1.0f - d.beta2) * (gradient * gradient);
  const float denominator = std::sqrt(v / correction2) + d.epsilon;
  value = value - learning_rate * ((m / correction1) / denominator);
}

/// Adds the step that updates `value` [n] from `gradient` [n], with moments m, v [n] that start at
/// zero; learning rate and bias corrections come from the control block.
void adam_step(Schedule& schedule, const std::string& name, const AdamDesc& desc, BufferId value,
               BufferId m, BufferId v, BufferId gradient, std::size_t n, BufferId control);

}  // namespace mapnet
