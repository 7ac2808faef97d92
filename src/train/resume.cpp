#include "train/resume.hpp"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"
#include "train/checkpoint.hpp"
#include "train/latent_file.hpp"
#include "train/model.hpp"

namespace mapnet {

nlohmann::json settings_of(const nlohmann::json& recipe) {
  constexpr std::string_view kFile = "/file", kBefore = "/init/trained_on";
  const nlohmann::json flat = recipe.flatten();
  nlohmann::json settings = nlohmann::json::object();
  for (const auto& [key, value] : flat.items()) {
    const bool of_contents =
        key.ends_with(kFile) && flat.contains(key.substr(0, key.size() - kFile.size()) + "/sha256");
    if (key != "/threads" && !of_contents && !key.starts_with(kBefore)) settings[key] = value;
  }
  return settings;
}

void check_same_recipe(const nlohmann::json& of_run, const nlohmann::json& recipe,
                       const RunFolder& folder) {
  const nlohmann::json then = settings_of(of_run), now = settings_of(recipe);
  std::string differences;
  const auto text = [](const nlohmann::json& values, const std::string& key) {
    return values.contains(key) ? values[key].dump() : std::string("not set");
  };
  const auto compare = [&](const std::string& key) {
    const std::string was = text(then, key), is = text(now, key);
    if (was == is) return;
    differences +=
        fmt::format("{}{} was {}, is {}", differences.empty() ? "" : "; ", key.substr(1), was, is);
  };
  for (const auto& [key, value] : then.items()) compare(key);
  for (const auto& [key, value] : now.items())
    if (!then.contains(key)) compare(key);
  if (!differences.empty())
    fail(
        "{}: its run has another configuration: {}. Resume it with its own, or give another --out, "
        "or --overwrite to begin anew",
        folder.path.string(), differences);
}

bool replaces(const RunFolder& folder, const Init& init) {
  return init.given() && folder.clears(latent_file_of(init.file));
}

void take_replaced_init(Recipe& recipe, const nlohmann::json& of_run, const RunFolder& folder) {
  if (!replaces(folder, recipe.init) || !of_run.contains("init")) return;
  if (const auto before = of_run.at("init").get<Init>(); replaces(folder, before))
    recipe.init = before;
}

void leave_out_order_of_init(nlohmann::json& recipe) {
  if (!recipe.contains("init")) return;
  recipe.erase("split_seed");
  if (recipe.contains("learned_map")) recipe.at("learned_map").erase("learned_in");
}

void take_order_of_init(Recipe& recipe, const nlohmann::json& of_run, const RunFolder& folder) {
  if (!recipe.init.given() || !of_run.contains("init")) return;
  recipe.split_seed.reset();
  if (of_run.contains("split_seed") && of_run.at("split_seed").is_number_unsigned())
    recipe.split_seed = of_run.at("split_seed").get<std::uint64_t>();
  if (!recipe.mapping.learned.on() || !of_run.contains("learned_map")) return;
  try {
    recipe.mapping.learned.in = of_run.at("learned_map").get<LearnedMap>().in;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: its recipe: {}", folder.checkpoint().string(), e.what());
  }
}

void check_same_snapshots(std::int64_t of_run, std::int64_t every, const RunFolder& folder) {
  if (of_run == every) return;
  const std::string own = fmt::format("--snapshot-every {}", of_run);
  fail("{}: its run was begun {}; resume it so, or --overwrite to begin anew", folder.path.string(),
       of_run == 0 ? "without --snapshot-every" : "with " + own);
}

std::optional<Footprint> footprint_of(const RunFolder& folder) {
  if (folder.finished()) return read_latent_file(folder.model()).recipe.footprint;
  const std::optional<FoundCheckpoint> found = find_checkpoint(folder);
  if (!found) return std::nullopt;
  const nlohmann::json& recipe = found->checkpoint.recipe;
  return recipe.contains("footprint") ? recipe.at("footprint").get<Footprint>() : Footprint();
}

FinishedRun read_finished_run(const RunFolder& folder, const nlohmann::json& recipe, Task task) {
  nlohmann::json before = to_json(read_latent_file(folder.model()).recipe), now = recipe;
  for (nlohmann::json* r : {&before, &now}) {
    leave_out_order_of_init(*r);
    // A run that replaced the model it began with: of that there is nothing left to compare.
    if (r->contains("init") && replaces(folder, r->at("init").get<Init>()))
      r->at("init").erase("sha256"), r->at("init").erase("refreshes");
  }
  check_same_recipe(before, now, folder);
  const bool forecast = task == Task::forecast;
  const char* const key = forecast ? "test_mse" : "test_accuracy";
  try {
    const auto result = nlohmann::json::parse(read_file(folder.result()));
    const nlohmann::json& figure = result.at(key);  // null: no number, of a training that diverged
    return {figure.is_null() ? std::nan("") : figure.get<double>(), forecast ? "MSE" : "accuracy"};
  } catch (const nlohmann::json::exception& e) {
    fail("{}: {}", folder.result().string(), e.what());
  }
}

}  // namespace mapnet
