#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Adds the step that adds to the control block's sums, over the first control.now.count rows: to
/// loss_sum the row's mean squared error, to `seen` one; y [N, K], targets float [N, K] (eq. 27 for
/// forecasts). Where `dy` is a buffer sets it [N, K] to the gradient of the mean over rows and
/// columns, zero in the other rows.
void mse(Schedule& schedule, const std::string& name, const Tensor& y, BufferId targets,
         BufferId control, BufferId dy);

}  // namespace mapnet
