#pragma once

#include <cstddef>
#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Float samples as they lie in the arena: overlapping windows of one series, or rows of a table.
struct FloatBuffers {
  BufferId values = kNoBuffer;  ///< float32
  BufferId order = kNoBuffer;   ///< uint32: the sample at each position
  BufferId labels = kNoBuffer;  ///< uint8, one a sample; or none: targets are values
  std::size_t step = 0;  ///< floats from a sample's first value to the next's: the features of a
                         ///< row of a series, all values of a row of a table
  std::size_t target_offset = 0;  ///< without labels: from a sample's first value to its target
};

/// Adds the step that fills x [N, ...] (plain; a sample is x.features() consecutive floats) and
/// `targets` [N] with the samples at positions control.first ... + control.count of the order:
/// int32 labels where there are any, else float32 values. Rows beyond are zero.
void gather_floats(Schedule& schedule, const std::string& name, const FloatBuffers& set,
                   BufferId control, const Tensor& x, BufferId targets);

}  // namespace mapnet
