#pragma once

#include <cstddef>
#include <string>

#include "device/host_device.hpp"
#include "device/schedule.hpp"

namespace mapnet {

/// average + weight (value - average), from the nearer end: a weight of 1 gives value to the bit.
MAPNET_HOST_DEVICE inline float ema_update(float average, float value, float weight) {
  const float step = value - average;
  return weight < 0.5f ? average + weight * step : value - (1.0f - weight) * step;
}

/// Adds the step that moves `average` [n] towards `value` [n] by control.now.ema_weight of the
/// distance. With the weights (1 - D) / (1 - D^t) of steps t = 1, 2, ... the average is the
/// debiased exponential moving average of decay D: the mean of the values so far, those i steps ago
/// weighted by D^i.
void ema_step(Schedule& schedule, const std::string& name, BufferId average, BufferId value,
              std::size_t n, BufferId control);

}  // namespace mapnet
