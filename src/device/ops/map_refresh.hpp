#pragma once

#include <cstddef>
#include <cstdint>

#include "device/host_device.hpp"
#include "device/ops/map.hpp"

/// Refresh of a fixed map (ours, not the paper's): base <- theta(z), the map of the next round, z
/// <- 0. theta stays where it was, since sigma(0) = 0 and modulation vanishes with z. Three steps
/// in this order: map_forward into theta, map_restart, map_redraw. For a description that is
/// `refreshed`.
namespace mapnet {

/// The number of a round goes into 16 bits of the random draws' counter.
inline constexpr std::size_t kMaxRounds = std::size_t{1} << 16;

/// What map_restart touches beside the map's state.
struct RestartBuffers {
  BufferId theta = kNoBuffer;             ///< [P] of the present z: becomes the base
  BufferId z = kNoBuffer;                 ///< [d]: becomes zero
  BufferId m = kNoBuffer, v = kNoBuffer;  ///< [d] Adam's moments; or none
  /// [rows, d]: row `round` keeps z, a round there is no row for is not kept; or none.
  BufferId history = kNoBuffer;
};

/// Adds the step that folds theta into the base and begins the next round at z = 0: m = 0, and v_k
/// = the mean of v over the block. The new map's coordinates are a random rotation of the old
/// ones: of the squared gradient's expectations the mean alone carries over.
void map_restart(Schedule& schedule, const MapDesc& desc, const MapState& state,
                 const RestartBuffers& buffers);

/// Adds the steps that draw and orthonormalise the stored maps of the present round. None for the
/// Hadamard map. A GPU waits for each factorisation. Throw Error when run: columns too close to
/// dependent.
void map_redraw(Schedule& schedule, const MapDesc& desc, const MapState& state);

/// What both twins say of map_restart's step: all but how it is bound.
Step restart_step(const MapDesc& desc, const MapState& state, const RestartBuffers& buffers);

/// Rows of the history buffer, 0 where there is none.
std::size_t history_rows(const Schedule& schedule, const MapDesc& desc,
                         const RestartBuffers& buffers);

/// The mean of v [n] as both twins sum it: in double, in this many lanes, then halves upon halves.
inline constexpr unsigned kMeanLanes = 256;

MAPNET_HOST_DEVICE inline double lane_sum(const float* v, std::size_t n, unsigned lane) {
  double sum = 0;
  for (std::size_t k = lane; k < n; k += kMeanLanes) sum += static_cast<double>(v[k]);
  return sum;
}

}  // namespace mapnet
