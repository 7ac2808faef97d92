#pragma once

#include <cstdint>
#include <vector>

#include "mapping/mapping.hpp"

/// The maps of table 7 that are trained themselves, no longer the paper's method but what it is
/// compared with. theta comes straight out of the last product: no sigma, scale or base.
///
///   lv-fulldnn   theta = W z                              trained: (z [d] | W [P, d])
///   full-dnn     theta = W2 h + b2, h = relu(W1 z + b1)   trained: (W1 [H, d] | b1 [H] |
///                                                                   W2 [P, H] | b2 [P]), not z
namespace mapnet {

struct TrainedMap {
  std::size_t latents = 0;  ///< d
  std::size_t hidden = 0;   ///< H, or 0: no hidden layer, z trained instead of biases
  std::size_t params = 0;   ///< P
  std::uint64_t seed = 0;
  float latent_std = 1;
  std::vector<RowScale> scales;  ///< spread of theta at the start, a tensor each
  BufferId z = kNoBuffer;        ///< [d], where it is fixed
  BufferId h = kNoBuffer;        ///< [H]

  /// Offsets within the trained values, and their number.
  std::size_t w1() const { return 0; }
  std::size_t b1() const { return hidden * latents; }
  std::size_t w2() const { return hidden > 0 ? b1() + hidden : latents; }
  std::size_t b2() const { return w2() + params * (hidden > 0 ? hidden : latents); }
  std::size_t value_count() const { return hidden > 0 ? b2() + params : b2(); }
};

/// Throws Error for a variant whose map is fixed.
TrainedMap make_trained_map(const Network& net, const MappingConfig& config, double latent_std);

/// Adds the setup steps that draw `value` [value_count] and a fixed z, and their buffers. theta
/// starts with the spread of a He-initialised network: h has a mean square of 1, rows of the last
/// matrix have scale_j / sqrt(d or H), biases are zero.
void trained_map_setup(Schedule& schedule, TrainedMap& map, BufferId value);

/// Adds the steps of theta [P].
void trained_map_forward(Schedule& schedule, const TrainedMap& map, BufferId value, BufferId theta);

/// Adds the steps that set `gradient` [value_count] from dtheta [P].
void trained_map_backward(Schedule& schedule, const TrainedMap& map, BufferId value,
                          BufferId dtheta, BufferId gradient);

}  // namespace mapnet
