#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "nets/low_rank.hpp"

/// What makes the generated network smaller still (table 8): low-rank layers, magnitude pruning,
/// int8. Each stands alone or with the others, for every strategy.
namespace mapnet {

/// Which parameters compete for staying.
enum class PruneScope {
  global,  ///< all of theta
  tensor,  ///< each tensor's among themselves
};

/// Magnitude pruning with masked fine-tuning.
struct Pruning {
  double share = 0;  ///< of theta that becomes zero; 0: no pruning
  PruneScope scope = PruneScope::global;
  double at = 0.5;  ///< share of the training steps before it; what follows is the fine-tuning

  bool on() const { return share > 0; }
};

struct AddOns {
  std::vector<LowRank> low_rank;
  Pruning pruning;
  bool int8 = false;  ///< report the generated network's accuracy in int8, too

  bool any() const { return !low_rank.empty() || pruning.on() || int8; }
};

/// What a user says of it.
struct AddOnsConfig {
  std::string low_rank;  ///< "fc1:32,fc2:4"
  std::optional<double> prune, prune_at;
  std::optional<std::string> prune_scope;
  std::string quantize = "none";
};

/// Throws UsageError, naming the flags, for what is unknown, out of range or contradictory.
AddOns resolve(const AddOnsConfig& config);

/// "-lrd-fc1:32-prune-0.9": what tells two runs' folders apart. int8 changes no training.
std::string name_suffix(const AddOns& add_ons);

/// The JSON of a recipe's "add_ons"; only what is on, by the flags' names. Throws nlohmann's
/// exceptions.
void to_json(nlohmann::json& json, const AddOns& add_ons);
void from_json(const nlohmann::json& json, AddOns& add_ons);

}  // namespace mapnet
