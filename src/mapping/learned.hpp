#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

/// What of the run that a map is learned in decides which samples it is learned from, and by which
/// of them their inputs are scaled.
struct LearnedIn {
  std::uint64_t seed = 0;        ///< of the run's order of samples
  std::uint64_t split_seed = 0;  ///< by which samples are set aside
  std::size_t validation = 0;    ///< samples of what is learned from that are set aside
  bool operator==(const LearnedIn&) const = default;
};

struct LearnedMap {
  MapFamily family = MapFamily::seeded;
  std::string data;          ///< data set that is learned from
  std::size_t samples = 0;   ///< of its training samples; 0: all that are trained on
  int epochs = 0;            ///< of direct training; 0: gradients are sketched
  int batch = 0;             ///< samples of a sketched gradient
  std::size_t sketches = 0;  ///< how many; of a direct training the snapshots
  std::uint64_t seed = 0;    ///< of the start, the order of samples and the sketches
  /// Of a run that begins with a model, where its own would be another map: what the model's was
  /// learned in. Else that is the run itself.
  std::optional<LearnedIn> in;

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
