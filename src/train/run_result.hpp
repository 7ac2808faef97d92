#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "train/add_on_result.hpp"
#include "train/budget/process_memory.hpp"
#include "train/session.hpp"

namespace mapnet {

/// One term of the mapping loss: its weight at the end of an epoch, its mean over the epoch.
struct LossTermReport {
  std::string name;
  double lambda = 0, value = 0;
};

/// What a finished run reports; the keys of result.json.
struct RunResult {
  Recipe recipe;
  Task task = Task::classify;
  std::size_t train_samples = 0, test_samples = 0;  ///< of the data set; those set aside too
  std::size_t trainable_params = 0, target_params = 0;
  std::size_t state_values = 0;   ///< running statistics, measured beside them
  SeriesFacts series;             ///< of a forecast
  std::size_t stored_values = 0;  ///< floats of the latent file: what the model needs beside seeds
  std::size_t refreshes = 0;      ///< of the map
  int ranks = 1;                  ///< that trained it together
  Metrics train, validation, test;  ///< of the last epoch's values
  double seconds = 0;               ///< of the training epochs, evaluation apart
  double setup_seconds = 0;         ///< planning, reading data, building the map
  DecodeTimes decode;               ///< of pictures
  std::size_t arena_bytes = 0, arena_lower_bound_bytes = 0;
  LearnedMapFacts learned_map;  ///< where the map was learned
  /// Of the fixed map what its seed does not give, wherever that is kept: W of a learned one, or
  /// its U and V, and the base that the last refresh left.
  std::size_t map_bytes = 0;
  std::optional<AddOnResult> add_ons;   ///< what they made of theta
  std::optional<ProcessMemory> memory;  ///< of the process so far, where that can be told
  std::size_t memory_budget = 0;        ///< that it was to fit into; 0: none
  std::string device, version;
  std::vector<LossTermReport> loss_terms;  ///< of the last epoch
};

nlohmann::json to_json(const RunResult& result);

/// The weights and means of the terms that the session's epoch so far had; none without any.
std::vector<LossTermReport> loss_terms(const Session& session);

/// As "lambda_NAME" and "NAME".
void add_loss_terms(nlohmann::json& json, const std::vector<LossTermReport>& terms);

}  // namespace mapnet
