#include "cli/model_options.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <nlohmann/json.hpp>

#include "cli/run_data.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "data/manifest.hpp"
#include "train/recipe/check.hpp"
#include "train/run_folder.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// The folder that a run was given its data in, as the result beside its model has it: a hint, of
/// which nothing is expected. Empty where there is none.
fs::path folder_of_training(const Model& model, const fs::path& run) {
  const RunFolder folder{latent_file_of(run).parent_path()};
  try {
    const auto result = nlohmann::json::parse(read_file(folder.result()));
    if (result.at("data") == model.file.recipe.data)
      return result.at("data_dir").get<std::string>();
  } catch (const std::exception&) {  // none, or none of this program's
  }
  return {};
}

/// `before`: where the data was when it was trained on, as far as that is known; `folder`: where it
/// is now, empty for what is published.
void require_as_many(const Model& model, const fs::path& run, const Dataset& found,
                     const fs::path& before, const fs::path& folder) {
  const LatentFile& f = model.file;
  if (f.train_samples == 0) return;  // a file without them
  if (f.train_samples == found.train.count && f.test_samples == found.test.count) return;
  const std::string counts = fmt::format("{} and {}", found.train.count, found.test.count);
  const std::string trained_on = fmt::format(
      "{}: was trained on {} ({} and {} samples to train on and to test)", run.string(),
      before.empty() ? found.name : "files in " + before.string(), f.train_samples, f.test_samples);
  if (folder.empty())
    fail<UsageError>("{}, not on the published {} ({}); name them with --data-dir", trained_on,
                     found.name, counts);
  fail<UsageError>("{}, and now there are {}; --data-dir {} takes them as they are", trained_on,
                   counts, folder.string());
}

}  // namespace

Model ModelOptions::open() const {
  resolve_threads(on.threads);  // refuses what training does; 0 is as in training here
  return open_model(run, pretrained);
}

std::string ModelDataOptions::name(const Model& model) const {
  return data.empty() ? model.file.recipe.data : data;
}

void add_model_options(CLI::App& command, ModelOptions& o) {
  command.add_option("--run", o.run, "run folder or latent file")->required();
  command.add_option("--pretrained", o.pretrained,
                     "weights that a fine-tuned model shifts  [where training had them]");
  command.add_option("--device", o.on.device, "auto, cpu, cuda")->capture_default_str();
  command.add_option("--threads", o.on.threads, "of a CPU; 0: as in training")
      ->capture_default_str();
}

void add_data_options(CLI::App& command, ModelDataOptions& o) {
  command.add_option("--data", o.data, "data set  [the one it was trained on]");
  command.add_option("--data-dir", o.data_dir,
                     "read the raw files from this folder  [of the same data: where they were]");
  command.add_option("--features-weights", o.features_weights,
                     "weights of the network whose features were taken  [where training had them]");
  command.add_option("--features-cache", o.features_cache,
                     "folder of the features  [the user's cache folder]");
}

Dataset open_data(const ModelDataOptions& o, const Model& model, const ModelOptions& of) {
  Recipe recipe = recipe_on(model, of.on);
  recipe.data_options.folder = o.data_dir;
  const bool same_again = o.data.empty() && o.data_dir.empty();
  const fs::path before = same_again ? folder_of_training(model, of.run) : fs::path();
  std::error_code ec;
  if (fs::is_directory(before, ec)) {
    if (fs::is_empty(before, ec))  // a disk that is not mounted
      fail(
          "{}: was trained on files in {}, which is empty now; name where they are with "
          "--data-dir",
          of.run, before.string());
    recipe.data_options.folder = before;
  }
  const auto check = [&](const Dataset& dataset) {
    if (same_again) require_as_many(model, of.run, dataset, before, recipe.data_options.folder);
  };
  if (!o.features_weights.empty()) {
    refuse(!holds_videos(o.name(model)), "--features-weights", "is for data sets of videos");
    recipe.features.weights.file = o.features_weights;
  }
  FeatureExtractionOptions extraction;
  extraction.cache = o.features_cache;
  extraction.device = [&] { return open_device(recipe); };
  // Before what is published is looked for, or asked to be fetched.
  if (recipe.data_options.folder.empty() && !holds_videos(o.name(model)))
    check(describe_dataset(o.name(model), recipe.data_options));
  Dataset dataset = open_run_data(o.name(model), recipe.data_options, recipe.features, extraction);
  check(dataset);
  return dataset;
}

}  // namespace mapnet
