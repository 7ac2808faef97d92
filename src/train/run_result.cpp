#include "train/run_result.hpp"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/file.hpp"
#include "common/json.hpp"

namespace mapnet {

std::vector<LossTermReport> loss_terms(const Session& session) {
  const MappingLossState state = session.mapping_loss();
  const char* const names[kLossTerms] = {"stability", "smoothness", "alignment"};
  std::vector<LossTermReport> terms;
  for (int i = 0; i < kLossTerms; ++i) {
    const LossTermState& term = state.terms[i];
    if (!term.on) continue;
    const double mean = state.steps > 0 ? term.value_sum / static_cast<double>(state.steps) : 0.0;
    terms.push_back({names[i], static_cast<double>(term.lambda), mean});
  }
  return terms;
}

void add_loss_terms(nlohmann::json& json, const std::vector<LossTermReport>& terms) {
  for (const LossTermReport& term : terms) {
    json["lambda_" + term.name] = term.lambda;
    json[term.name] = term.value;
  }
}

namespace {

/// A map that was learned is not free: what it took, and what it is, beside the values trained.
void add_learned_map(nlohmann::json& json, const RunResult& r) {
  const LearnedMapFacts& facts = r.learned_map;
  json["map_samples"] = facts.samples * (r.refreshes + 1);
  json["map_values"] = facts.values;
  json["map_checksum"] = facts.checksum;
  json["map_data_sha256"] = facts.data_sha256;
  json["map_seconds"] = facts.seconds;
}

}  // namespace

nlohmann::json to_json(const RunResult& r) {
  nlohmann::json json = to_json(r.recipe);
  // Where to look for the same files again; a name that JSON cannot hold is not worth the result.
  if (const std::filesystem::path& folder = r.recipe.data_options.folder; !folder.empty())
    if (const std::string at = absolute_path(folder).string(); is_utf8(at)) json["data_dir"] = at;
  json["train_samples"] = r.train_samples;
  json["test_samples"] = r.test_samples;
  if (r.recipe.regularisation.ema > 0) json["evaluated_values"] = "ema";
  json["trainable_params"] = r.trainable_params;
  json["target_params"] = r.target_params;
  json["stored_values"] = r.stored_values;
  json["refreshes"] = r.refreshes;
  json["ranks"] = r.ranks;
  if (r.state_values > 0) json["running_statistics"] = r.state_values;
  add_metrics(json, r.task, "train_", r.train);
  add_metrics(json, r.task, "test_", r.test);
  json["loss"] = r.test.loss;
  if (r.validation.samples > 0) add_metrics(json, r.task, "validation_", r.validation);
  if (r.task == Task::forecast) {
    json["persistence_mse_train"] = r.series.persistence_mse_train;
    if (r.validation.samples > 0)
      json["persistence_mse_validation"] = r.series.persistence_mse_validation;
    json["persistence_mse_test"] = r.series.persistence_mse_test;
    json["missing_filled"] = r.series.missing;
    json["test_rmse_in_units"] = std::sqrt(r.test.loss) * r.series.target_range;
  }
  if (r.recipe.loss.any()) {
    add_loss_terms(json, r.loss_terms);
    json["trained_lambdas"] = trained_lambdas(r.recipe);
  }
  if (r.add_ons) add_to_json(json, r.task, *r.add_ons);
  json["seconds"] = r.seconds;
  json["seconds_per_epoch"] = r.recipe.epochs > 0 ? r.seconds / r.recipe.epochs : 0.0;
  json["setup_seconds"] = r.setup_seconds;
  if (r.decode.seconds > 0) {
    json["decode_seconds"] = r.decode.seconds;
    json["decode_wait_seconds"] = r.decode.waited_seconds;
  }
  json["arena_bytes"] = r.arena_bytes;
  json["arena_lower_bound_bytes"] = r.arena_lower_bound_bytes;
  json["map_bytes"] = r.map_bytes;
  if (r.recipe.mapping.learned.on()) add_learned_map(json, r);
  json["stored_value_bytes"] = r.stored_values * sizeof(float);
  if (r.memory) {
    json["peak_rss_bytes"] = r.memory->peak_bytes;
    json["image_bytes"] = r.memory->image_bytes;
    json["data_segment_bytes"] = r.memory->data_bytes;
    json["memory_bytes"] = r.memory->own_bytes();
  }
  if (r.memory_budget > 0) json["memory_budget_bytes"] = r.memory_budget;
  json["device"] = r.device;
  json["version"] = r.version;
  return json;
}

}  // namespace mapnet
