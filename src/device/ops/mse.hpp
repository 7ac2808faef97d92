#pragma once

#include <string>

#include "device/host_device.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Mean of the squares of row - target, both [columns]. Where drow is not null sets it to weight
/// times that mean's gradient with respect to the row.
MAPNET_HOST_DEVICE inline float mse_row(const float* row, const float* target, int columns,
                                        float weight, float* drow) {
  const float width = static_cast<float>(columns);
  float sum = 0;
  for (int k = 0; k < columns; ++k) {
    const float error = row[k] - target[k];
    sum += error * error;
    if (drow) drow[k] = weight * 2.0f * error / width;
  }
  return sum / width;
}

/// Adds the step that adds to the control block's sums, over the first control.now.count rows: to
/// loss_sum the row's mean squared error, to `seen` one; y [N, K], targets float [N, K] (eq. 27 for
/// forecasts). Where `dy` is a buffer sets it [N, K] to the gradient of the mean over rows and
/// columns, zero in the other rows.
void mse(Schedule& schedule, const std::string& name, const Tensor& y, BufferId targets,
         BufferId control, BufferId dy);

}  // namespace mapnet
