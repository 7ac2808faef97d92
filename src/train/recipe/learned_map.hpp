#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "mapping/mapping.hpp"

/// What a map is learned from (mapping/learned.hpp): flags of a user, and what they come to.
namespace mapnet {

struct RunConfig;
struct Recipe;

struct LearnedMapConfig {
  std::optional<std::string> data;
  std::optional<std::size_t> samples, sketches;
  std::optional<int> epochs, batch;
  std::optional<std::uint64_t> seed;

  bool any() const { return data || samples || sketches || epochs || batch || seed; }
};

/// Of `--map NAME`, a learned one, for a mapping with `latents` at most in a block. Throws
/// UsageError, naming the flag, for what is out of range or without meaning. Factors are learned
/// from gradients of single samples, but of a network that normalises.
LearnedMap resolve_learned_map(const RunConfig& config, const std::string& name,
                               const MappingConfig& mapping, const Network& net);

/// In what the recipe's map is learned: the model's run that it was kept of, or the run itself.
LearnedIn learned_in(const Recipe& recipe);

/// The JSON of a recipe's "learned_map". Throws nlohmann's exceptions.
void to_json(nlohmann::json& json, const LearnedMap& learned);
void from_json(const nlohmann::json& json, LearnedMap& learned);

}  // namespace mapnet
