#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "device/ops/mapping_loss.hpp"
#include "mapping/mapping.hpp"

/// The mapping loss of a run (eq. 26): L_task + lambda_st L_stab + lambda_sm L_smooth
/// + lambda_al L_align, any subset.
namespace mapnet {

/// One of the three terms beside the task's.
struct LossTerm {
  bool on = false;
  double lambda = 0;  ///< initial
};

struct MappingLoss {
  LossTerm stability, smoothness, alignment;
  double stability_std = 0;       ///< sigma of eq. 28's perturbation of z
  double stability_fraction = 1;  ///< of a batch that goes through the perturbed network too
  LambdaMode mode = LambdaMode::floor;

  bool any() const { return stability.on || smoothness.on || alignment.on; }
};

/// What a user says of it; what is left open depends on the rest.
struct MappingLossConfig {
  std::string terms = "task";  ///< "task+stab+smooth+align"
  std::optional<std::string> mode;
  std::vector<double> lambdas;  ///< one for each term after "task", in the order given
  std::optional<double> stability_std, stability_fraction;
};

/// Throws UsageError, naming the flags, for what is unknown, out of range or without meaning for
/// this mapping.
MappingLoss resolve(const MappingLossConfig& config, const MappingConfig& mapping);

/// The JSON of a recipe's "mapping_loss"; only what is on. Throws nlohmann's exceptions.
void to_json(nlohmann::json& json, const MappingLoss& loss);
void from_json(const nlohmann::json& json, MappingLoss& loss);

}  // namespace mapnet
