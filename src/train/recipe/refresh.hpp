#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "mapping/mapping.hpp"

/// Refresh of the fixed map (ours, not the paper's): every so many training steps the generated
/// offset becomes the base, another map is drawn and z starts again at zero.
namespace mapnet {

struct Refresh {
  std::int64_t every = 0;  ///< training steps; 0: the map stays

  bool on() const { return every > 0; }

  /// Refreshes of a training of `steps` steps. None behind the last step: it would leave theta as
  /// it is, and a stored model a round longer.
  std::int64_t count(std::int64_t steps) const {
    return on() && steps > 0 ? (steps - 1) / every : 0;
  }
  /// Whether one follows step `step`, from 0, of `steps`.
  bool due(std::int64_t step, std::int64_t steps) const {
    return on() && (step + 1) % every == 0 && step + 1 < steps;
  }
};

struct RefreshConfig {
  std::optional<std::int64_t> every;
};

/// Throws UsageError, naming the flag, for what is out of range or without meaning for this
/// mapping.
Refresh resolve(const RefreshConfig& config, const MappingConfig& mapping);

/// The JSON of a recipe's "refresh": the number of steps. Throws nlohmann's exceptions.
void to_json(nlohmann::json& json, const Refresh& refresh);
void from_json(const nlohmann::json& json, Refresh& refresh);

}  // namespace mapnet
