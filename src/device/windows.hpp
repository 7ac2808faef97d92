#pragma once

#include "device/host_device.hpp"

namespace mapnet {

/// Positions at which a window of `kernel` pixels fits an axis of `size` pixels and `padding` more
/// on each side, `stride` apart, the first at the axis's beginning; 0 when it does not fit once.
/// Convolutions and poolings have that many outputs along an axis.
MAPNET_HOST_DEVICE inline int windows_along(int size, int kernel, int stride, int padding) {
  const int room = size + 2 * padding - kernel;
  return room < 0 ? 0 : room / stride + 1;
}

}  // namespace mapnet
