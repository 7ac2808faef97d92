#include "cli/model_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/run_data.hpp"
#include "data/manifest.hpp"
#include "train/recipe/check.hpp"

namespace mapnet {

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
  command.add_option("--data-dir", o.data_dir, "read the raw files from this folder");
  command.add_option("--features-weights", o.features_weights,
                     "weights of the network whose features were taken  [where training had them]");
  command.add_option("--features-cache", o.features_cache,
                     "folder of the features  [the user's cache folder]");
}

Dataset open_data(const ModelDataOptions& o, const Model& model, const DeviceChoice& on) {
  Recipe recipe = recipe_on(model, on);
  recipe.data_options.folder = o.data_dir;
  if (!o.features_weights.empty()) {
    refuse(!holds_videos(o.name(model)), "--features-weights", "is for data sets of videos");
    recipe.features.weights.file = o.features_weights;
  }
  FeatureExtractionOptions extraction;
  extraction.cache = o.features_cache;
  extraction.device = [&] { return open_device(recipe); };
  return open_run_data(o.name(model), recipe.data_options, recipe.features, extraction);
}

}  // namespace mapnet
