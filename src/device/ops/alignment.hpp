#pragma once

#include <cmath>
#include <string>

#include "device/host_device.hpp"
#include "device/ops/map.hpp"

/// The alignment term (eq. 30): 1 - cos(z, wbar(z)), wbar [d] the mean over the rows of the
/// modulated weights: mean_w (none), mean_w + alpha z (scalar), mean_w + alpha mean_s * z (signed).
/// With a z a layer it is the mean over the layers.
namespace mapnet {

/// What the term needs of one block: sums over its latents of z z, wbar wbar, z wbar.
struct AlignmentSums {
  double zz = 0, ww = 0, zw = 0;

  /// 1 where one of the two vectors vanishes: they are then taken to be orthogonal.
  MAPNET_HOST_DEVICE double value() const {
    return zz > 0 && ww > 0 ? 1.0 - zw / std::sqrt(zz * ww) : 1.0;
  }
};

/// wbar_k, and how it changes with z_k.
struct MeanWeight {
  float value, slope;
};
MAPNET_HOST_DEVICE inline MeanWeight mean_weight(Modulation modulation, float alpha, float mean_w,
                                                 float mean_s, float z) {
  switch (modulation) {
    case Modulation::scalar:
      return {mean_w + alpha * z, alpha};
    case Modulation::signed_:
      return {mean_w + alpha * mean_s * z, alpha * mean_s};
    case Modulation::none:
      break;
  }
  return {mean_w, 0.0f};
}

/// d value / d z_k.
MAPNET_HOST_DEVICE inline double alignment_slope(const AlignmentSums& s, float z,
                                                 const MeanWeight& w) {
  if (!(s.zz > 0 && s.ww > 0)) return 0;
  const double norms = std::sqrt(s.zz * s.ww), cosine = s.zw / norms;
  const double zk = static_cast<double>(z), wk = static_cast<double>(w.value);
  const double by_z = wk / norms - cosine * zk / s.zz;
  const double by_w = zk / norms - cosine * wk / s.ww;
  return -(by_z + by_w * static_cast<double>(w.slope));
}

/// Adds the step of the term: its value to the MappingLossState `loss`, lambda times its gradient
/// to dz [d]. mean_w, mean_s [d] as column_means gives them; mean_s for signed modulation only.
void alignment(Schedule& schedule, const std::string& name, const MapDesc& desc, BufferId z,
               BufferId mean_w, BufferId mean_s, BufferId loss, BufferId dz);

}  // namespace mapnet
