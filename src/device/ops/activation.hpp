#pragma once

#include "device/host_device.hpp"
#include "device/math.hpp"

namespace mapnet {

/// The sigma of eq. 21. `sine` is sin(omega u).
enum class Activation { identity, tanh, sine };

MAPNET_HOST_DEVICE inline float activate(Activation kind, float omega, float u) {
  switch (kind) {
    case Activation::tanh:
      return math::tanh(u);
    case Activation::sine:
      return math::sincos(omega * u).sin;
    case Activation::identity:
      break;
  }
  return u;
}

/// d sigma / d u.
MAPNET_HOST_DEVICE inline float activation_slope(Activation kind, float omega, float u) {
  switch (kind) {
    case Activation::tanh: {
      const float t = math::tanh(u);
      return 1.0f - t * t;
    }
    case Activation::sine:
      return omega * math::sincos(omega * u).cos;
    case Activation::identity:
      break;
  }
  return 1.0f;
}

/// d^2 sigma / d u^2.
MAPNET_HOST_DEVICE inline float activation_curvature(Activation kind, float omega, float u) {
  switch (kind) {
    case Activation::tanh: {
      const float t = math::tanh(u);
      return -2.0f * t * (1.0f - t * t);
    }
    case Activation::sine:
      return -omega * omega * math::sincos(omega * u).sin;
    case Activation::identity:
      break;
  }
  return 0.0f;
}

}  // namespace mapnet
