#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Maps that know the problem (ours, not the paper's): learned once, before the training, then as
/// fixed as one drawn from a seed.
namespace mapnet {

enum class MapFamily {
  seeded,      ///< data-free: what the paper has
  gradient,    ///< principal directions of sketched gradients J^T v at the start
  kronecker,   ///< of each matrix U (x) V, from the second moments of such gradients' sides, or of
               ///< a direct training's
  trajectory,  ///< principal components of the trajectory of a direct training
};

struct LearnedMap {
  MapFamily family = MapFamily::seeded;
  std::string data;          ///< data set that is learned from
  std::size_t samples = 0;   ///< of its training samples; 0: all that are trained on
  int epochs = 0;            ///< of direct training; 0: gradients are sketched
  int batch = 0;             ///< samples of a sketched gradient
  std::size_t sketches = 0;  ///< how many; of a direct training the snapshots
  std::uint64_t seed = 0;    ///< of the start, the order of samples and the sketches

  /// Learned from the trajectory of a direct training, not from gradients at its start.
  bool from_training() const { return epochs > 0; }
  bool on() const { return family != MapFamily::seeded; }
  bool operator==(const LearnedMap&) const = default;
};

std::string to_string(MapFamily value);

/// Whether `--map` of this name is learned.
bool is_learned_map(std::string_view text);

/// Throws UsageError listing the known spellings.
MapFamily parse_map_family(std::string_view text);

}  // namespace mapnet
