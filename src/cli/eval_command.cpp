#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/model_options.hpp"
#include "common/error.hpp"

/// `mapnet eval`: how well a finished run does.
namespace mapnet {

namespace {

struct EvalOptions {
  ModelOptions model;
  ModelDataOptions data;
  std::string split = "test", quantize = "none";
  bool json = false;
};

Split parse_split(const std::string& text) {
  if (text == "train") return Split::train;
  if (text == "validation") return Split::validation;
  return Split::test;
}

/// Which samples were set aside is known of the files that the model was trained on alone.
void require_set_aside(const std::string& run, const Model& model, const Dataset& dataset) {
  const LatentFile& f = model.file;
  if (f.recipe.validation == 0)
    fail<UsageError>("--split validation: {} was trained without --validation", run);
  if (dataset.name == f.recipe.data && f.train_samples > 0 &&
      f.train_samples != dataset.train.count)
    fail<UsageError>(
        "--split validation: {} set aside {} of {} training samples of {}, and here are {}: which "
        "of them these were cannot be told; name the files that it was trained on with --data-dir",
        run, f.recipe.validation, f.train_samples, f.recipe.data, dataset.train.count);
  if (set_aside(model, dataset) == 0)
    fail<UsageError>("--split validation: {} samples of {} were set aside, none of this {}",
                     f.recipe.validation, f.recipe.data, dataset.name);
}

void evaluate(const EvalOptions& o) {
  const Model model = o.model.open();
  const std::string name = o.data.name(model);
  const Dataset dataset = open_data(o.data, model, o.model);
  const Split split = parse_split(o.split);
  if (split == Split::validation) require_set_aside(o.model.run, model, dataset);
  const bool int8 = o.quantize == "int8";
  const Metrics m = int8 ? evaluate_model_int8(model, dataset, split, o.model.on)
                         : evaluate_model(model, dataset, split, o.model.on);
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

}  // namespace

void add_eval_command(CLI::App& app) {
  auto o = std::make_shared<EvalOptions>();
  CLI::App* command = app.add_subcommand("eval", "accuracy of a trained model");
  add_model_options(*command, o->model);
  add_data_options(*command, o->data);
  command->add_option("--split", o->split, "train, validation, test")
      ->check(CLI::IsMember({"train", "validation", "test"}))
      ->capture_default_str();
  command->add_option("--quantize", o->quantize, "none, int8: weights and activations rounded")
      ->check(CLI::IsMember({"none", "int8"}))
      ->capture_default_str();
  command->add_flag("--json", o->json, "for tools");
  command->callback([o] { evaluate(*o); });
}

}  // namespace mapnet
