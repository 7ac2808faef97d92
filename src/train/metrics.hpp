#pragma once

#include <cstddef>

namespace mapnet {

/// Means over a set of samples.
struct Metrics {
  double loss = 0;      ///< cross-entropy, of each pixel for a segmentation; MSE for a forecast
  double accuracy = 0;  ///< arg-max hits, among the pixels with a label; 0 for a forecast
  double mean_iou = 0;  ///< of a segmentation's evaluation
  std::size_t samples = 0;
};

}  // namespace mapnet
