#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "train/session.hpp"

namespace mapnet {

/// What the add-ons made of a trained network; part of result.json.
struct AddOnResult {
  std::size_t nonzeros = 0;    ///< of theta, counted
  double sparsity = 0;         ///< share of zeros
  std::size_t mask_bytes = 0;  ///< of the latent file; 0: nothing is pruned
  Metrics int8_test;           ///< of the quantised network; no samples: not asked for
  std::size_t int8_bytes = 0;
};

/// Of the present values. Nothing where the recipe has no add-ons.
std::optional<AddOnResult> measure_add_ons(Session& session, const Recipe& recipe,
                                           const Network& net);

/// Adds the keys of what is on to a run's JSON.
void add_to_json(nlohmann::json& json, Task task, const AddOnResult& result);

}  // namespace mapnet
