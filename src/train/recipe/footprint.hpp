#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "device/ops/map.hpp"
#include "nets/recompute.hpp"

/// How much memory a training takes, apart from what it computes: the same values in less room,
/// for more time.
namespace mapnet {

struct Recipe;

/// As asked for. What is left open, or "auto", is chosen where there is a budget to fit into;
/// without one everything is kept in memory.
struct FootprintConfig {
  std::optional<std::string> memory_budget;  ///< bytes of the process, or of a GPU
  std::size_t beside_bytes = 0;  ///< of a process's budget that whoever starts the run keeps
  std::optional<int> micro_batch;
  std::optional<std::string> recompute, samples, map_storage;
};

struct Footprint {
  int micro_batch = 0;           ///< samples that go through the network at a time; 0: the batch
  Recompute recompute = {};      ///< of activations, in the backward pass
  bool samples_in_file = false;  ///< each step reads its own from a temporary file; else in memory

  MapStorage map_storage = MapStorage::memory;  ///< of a dense map

  bool any() const {
    return micro_batch > 0 || recompute.on() || samples_in_file ||
           map_storage != MapStorage::memory;
  }
  bool operator==(const Footprint&) const = default;
};

/// Throws UsageError, naming the flag, for what is out of range or without meaning for this recipe,
/// all else of which is resolved.
Footprint resolve(const FootprintConfig& config, const Recipe& recipe);

/// Whether the recipe has a dense map whose W need not lie in memory.
bool storage_is_open(const Recipe& recipe);

/// Whether its samples are images, which need not lie in memory.
bool samples_are_open(const Recipe& recipe);

/// "--micro-batch 16 --samples file": the flags that ask for it; empty for the plain one.
std::string flags_of(const Footprint& footprint);

/// Whether what a flag says is left open to a budget: nothing, or "auto".
bool is_open(const std::optional<std::string>& flag);

/// What `config` leaves open becomes what `kept` has: the schedule of a run that is gone on with.
void fix_open(FootprintConfig& config, const Footprint& kept, const Recipe& recipe);

/// The JSON of a recipe's "footprint", under the flags' names; only what is on. Throws nlohmann's
/// exceptions.
void to_json(nlohmann::json& json, const Footprint& footprint);
void from_json(const nlohmann::json& json, Footprint& footprint);

}  // namespace mapnet
