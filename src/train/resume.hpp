#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "common/task.hpp"
#include "train/recipe.hpp"
#include "train/run_folder.hpp"

namespace mapnet {

/// What of a recipe (its to_json) decides what is trained, each value under its path: neither the
/// number of threads, with which values are the same but for rounding, nor where a file lies whose
/// SHA-256 stands beside it, nor what a model was trained on before, which is in such a file.
nlohmann::json settings_of(const nlohmann::json& recipe);

/// Throws Error naming each setting in which the recipe (its to_json) is not that of the run in the
/// folder.
void check_same_recipe(const nlohmann::json& of_run, const nlohmann::json& recipe,
                       const RunFolder& folder);

/// Whether the model that a run begins with is the one that it replaces.
bool replaces(const RunFolder& folder, const Init& init);

/// A run that was killed behind replacing it is gone on with as it began, which its checkpoint
/// knows: `of_run`, the recipe there.
void take_replaced_init(Recipe& recipe, const nlohmann::json& of_run, const RunFolder& folder);

/// Takes from the recipe of a run that begins with a model which samples it sets aside and learns
/// its map from: that follows from the model.
void leave_out_order_of_init(nlohmann::json& recipe);

/// Which samples a run that begins with a model sets aside, and learns its map from, follows from
/// the model. Earlier programs took less of it: the run goes on as its checkpoint says, `of_run`.
void take_order_of_init(Recipe& recipe, const nlohmann::json& of_run, const RunFolder& folder);

/// Throws Error where the run took a snapshot each `of_run` steps (0: none) and is to go on with
/// another number: its series would be neither.
void check_same_snapshots(std::int64_t of_run, std::int64_t every, const RunFolder& folder);

/// By which schedule the run in the folder trains, or trained; nothing where there is none. Throws
/// Error where its files cannot be read.
std::optional<Footprint> footprint_of(const RunFolder& folder);

/// How a run ended that is in its folder.
struct FinishedRun {
  double test = 0;     ///< accuracy, or the MSE of a forecast
  const char* metric;  ///< "accuracy" or "MSE"
};

/// Of a finished run of this recipe. Throws Error where it is another's, or cannot be read.
FinishedRun read_finished_run(const RunFolder& folder, const nlohmann::json& recipe, Task task);

}  // namespace mapnet
