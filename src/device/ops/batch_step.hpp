#pragma once

#include <cstdint>
#include <string>

#include "device/host_device.hpp"
#include "device/ops/micro_batch.hpp"
#include "device/ops/step_control.hpp"
#include "device/schedule.hpp"

/// What the steps that begin and end batches do to the control block, given the batch that it says
/// is next: the arithmetic of both twins.
namespace mapnet {

struct NextBatch {
  MAPNET_HOST_DEVICE void operator()(StepControl& control, const BatchInput& batch) const {
    control.now = batch;
    control.next += 1;
    control.scored_before = control.scored;
  }
};

struct NextMicroBatch {
  MicroBatchDesc desc;
  MAPNET_HOST_DEVICE void operator()(StepControl& control, const BatchInput& batch) const {
    const std::int32_t at = control.micro * desc.size, left = batch.count - at;
    control.now = batch;
    if (!desc.window) control.now.first += at;
    control.now.row += at;
    control.now.count = left < 0 ? 0 : left < desc.size ? left : desc.size;
    if (control.micro == 0) control.scored_before = control.scored;
    control.scored_before_micro = control.scored;
    ++control.micro;
  }
};

struct EndMicroBatches {
  MAPNET_HOST_DEVICE void operator()(StepControl& control, const BatchInput& batch) const {
    control.now = batch;
    control.next += 1;
    control.micro = 0;
  }
};

/// What both twins say of such a step: all but how it is bound.
inline Step batch_step(const std::string& name, BufferId batches, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {batches};
  step.writes = {control};
  return step;
}

/// Batches that a buffer has room for.
inline std::int64_t batch_count(const Schedule& schedule, BufferId batches) {
  return static_cast<std::int64_t>(schedule.buffer_bytes(batches) / sizeof(BatchInput));
}

}  // namespace mapnet
