#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "device/host_device.hpp"
#include "device/schedule.hpp"

namespace mapnet {

/// Adam (Kingma and Ba 2015), with PyTorch's defaults and its place for epsilon, and with AdamW's
/// decoupled weight decay (Loshchilov and Hutter 2019): a value loses lr * weight_decay of itself.
struct AdamDesc {
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float weight_decay = 0;
};

/// What a step's update takes from its number t, worked out once: the learning rate over 1 -
/// beta1^t, and 1 / sqrt(1 - beta2^t); and the learning rate itself.
struct AdamRates {
  float rate = 0, inverse_root = 1, lr = 0;
};

/// One value's update, in PyTorch's order of operations: one division and one root a value.
MAPNET_HOST_DEVICE inline void adam_update(float& value, float& m, float& v, float gradient,
                                           const AdamDesc& d, const AdamRates& r) {
  m = d.beta1 * m + (1.0f - d.beta1) * gradient;
  v = d.beta2 * v + (1.0f - d.beta2) * (gradient * gradient);
  value = value - (r.lr * d.weight_decay) * value;
  value = value - r.rate * (m / (std::sqrt(v) * r.inverse_root + d.epsilon));
}

/// Adds the step that updates `value` [n] from `gradient` [n], with moments m, v [n] that start at
/// zero; the rates come from the control block.
void adam_step(Schedule& schedule, const std::string& name, const AdamDesc& desc, BufferId value,
               BufferId m, BufferId v, BufferId gradient, std::size_t n, BufferId control);

}  // namespace mapnet
