#pragma once

#include <cstddef>
#include <string>

#include "device/host_device.hpp"
#include "device/math.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"

/// Symmetric int8 quantisation, computed in float32: a value x is held as the integer
/// q = round(127 x / range), ties to even, of [-127, 127], and is then q range / 127. Products of
/// such values are those of an int8 network with wide accumulators, up to float32's rounding.
namespace mapnet {

/// q. range: the largest magnitude there is; below 1e-30, where 127 / range might overflow, q is 0.
MAPNET_HOST_DEVICE inline float int8_integer(float x, float range) {
  if (!(range > 1e-30f)) return 0.0f;
  const float q = x * (127.0f / range);
  return math::round_to_int(q > 127.0f ? 127.0f : q < -127.0f ? -127.0f : q);
}

/// x as int8 holds it: q in the units of x.
MAPNET_HOST_DEVICE inline float int8_rounded(float x, float range) {
  return int8_integer(x, range) * (range / 127.0f);
}

/// Adds the step ranges[index] = max(ranges[index], max |x|) over the first control.now.count
/// images of x: the others are padding. ranges: floats.
void observe_range(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index, BufferId control);

/// Adds the step of x = int8_rounded(x, ranges[index]), in place.
void fake_quantize(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index);

}  // namespace mapnet
