#include <fmt/core.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/run_data.hpp"
#include "common/error.hpp"
#include "data/safetensors.hpp"
#include "train/model.hpp"

/// `mapnet eval` and `mapnet export`: what is done with a finished run.
namespace mapnet {

namespace {

struct EvalOptions {
  std::string run, pretrained, data, data_dir, split = "test", quantize = "none";
  std::string features_weights, features_cache;
  DeviceChoice on;
  bool json = false;
};

Split parse_split(const std::string& text) {
  if (text == "train") return Split::train;
  if (text == "validation") return Split::validation;
  return Split::test;
}

/// Opened as in training, but where it lies now.
Dataset open_data(const EvalOptions& o, const Model& model, const std::string& name) {
  Recipe recipe = model.file.recipe;
  recipe.data_options.folder = o.data_dir;
  recipe.device = resolve_device(o.on.device);
  if (o.on.threads > 0) recipe.threads = o.on.threads;
  if (!o.features_weights.empty()) recipe.features.weights.file = o.features_weights;
  FeatureExtractionOptions extraction;
  extraction.cache = o.features_cache;
  extraction.device = [&] { return open_device(recipe); };
  return open_run_data(name, recipe.data_options, recipe.features, extraction);
}

void evaluate(const EvalOptions& o) {
  const Model model = open_model(o.run, o.pretrained);
  const std::string name = o.data.empty() ? model.file.recipe.data : o.data;
  const Dataset dataset = open_data(o, model, name);
  const Split split = parse_split(o.split);
  if (split == Split::validation && model.file.recipe.validation == 0)
    fail<UsageError>("--split validation: {} was trained without --validation", o.run);
  const bool int8 = o.quantize == "int8";
  const Metrics m = int8 ? evaluate_model_int8(model, dataset, split, o.on)
                         : evaluate_model(model, dataset, split, o.on);
  if (o.json) {
    nlohmann::json json = {
        {"data", name}, {"split", o.split}, {"quantize", o.quantize}, {"samples", m.samples}};
    add_metrics(json, model.net.task, "", m);
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print("{} {}{}: {}, {} samples\n", name, o.split, int8 ? " in int8" : "",
               metrics_text(model.net.task, m), m.samples);
  }
}

struct ExportOptions {
  std::string run, pretrained, format = "safetensors", out;
  DeviceChoice on;
};

void export_model(const ExportOptions& o) {
  const Model model = open_model(o.run, o.pretrained);
  const std::vector<float> weights = expand_weights(model, o.on);
  std::vector<NamedTensor> tensors;
  for (const ParamTensor& p : model.net.params)
    tensors.push_back({p.name, p.shape, {weights.data() + p.offset, p.size}});
  for (const StateTensor& s : model.net.state)
    tensors.push_back({s.name,
                       {static_cast<int>(s.size)},
                       std::span(model.file.state).subspan(s.offset, s.size)});
  std::map<std::string, std::string> metadata = {{"format", "pt"}, {"net", model.net.name}};
  if (const PixelStatistics& pixels = model.file.pixels; !pixels.mean.empty()) {
    metadata["pixel_mean"] = fmt::format("{}", fmt::join(pixels.mean, ","));
    metadata["pixel_stddev"] = fmt::format("{}", fmt::join(pixels.stddev, ","));
  }
  write_safetensors(o.out, tensors, metadata);
  fmt::print("{}: {} tensors, {} values\n", o.out, tensors.size(),
             weights.size() + model.file.state.size());
}

void add_pretrained_option(CLI::App& command, std::string& file) {
  command.add_option("--pretrained", file,
                     "weights that a fine-tuned model shifts  [where training had them]");
}

void add_device_options(CLI::App& command, DeviceChoice& on) {
  command.add_option("--device", on.device, "auto, cpu, cuda")->capture_default_str();
  command.add_option("--threads", on.threads, "of a CPU; 0: as in training")->capture_default_str();
}

}  // namespace

void add_eval_command(CLI::App& app) {
  auto o = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "accuracy of a trained model");
  command->add_option("--run", o->run, "run folder or latent file")->required();
  add_pretrained_option(*command, o->pretrained);
  command->add_option("--data", o->data, "data set  [the one it was trained on]");
  command->add_option("--data-dir", o->data_dir, "read the raw files from this folder");
  command->add_option(
      "--features-weights", o->features_weights,
      "weights of the network whose features were taken  [where training had them]");
  command->add_option("--features-cache", o->features_cache,
                      "folder of the features  [the user's cache folder]");
  command->add_option("--split", o->split, "train, validation, test")
      ->check(CLI::IsMember({"train", "validation", "test"}))
      ->capture_default_str();
  command->add_option("--quantize", o->quantize, "none, int8: weights and activations rounded")
      ->check(CLI::IsMember({"none", "int8"}))
      ->capture_default_str();
  add_device_options(*command, o->on);
  command->add_flag("--json", o->json, "for tools");
  command->callback([o] { evaluate(*o); });
}

void add_export_command(CLI::App& app) {
  auto o = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "write the generated weights for other tools");
  command->add_option("--run", o->run, "run folder or latent file")->required();
  add_pretrained_option(*command, o->pretrained);
  command->add_option("--format", o->format, "safetensors")
      ->check(CLI::IsMember({"safetensors"}))
      ->capture_default_str();
  command->add_option("--out", o->out, "file to write")->required();
  add_device_options(*command, o->on);
  command->callback([o] { export_model(*o); });
}

}  // namespace mapnet
