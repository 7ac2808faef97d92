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

void evaluate(const EvalOptions& o) {
  const Model model = o.model.open();
  const std::string name = o.data.name(model);
  const Dataset dataset = open_data(o.data, model, o.model);
  const Split split = parse_split(o.split);
  if (split == Split::validation && model.file.recipe.validation == 0)
    fail<UsageError>("--split validation: {} was trained without --validation", o.model.run);
  if (split == Split::validation && set_aside(model, dataset) == 0)
    fail<UsageError>("--split validation: {} samples of {} were set aside, none of this {}",
                     model.file.recipe.validation, model.file.recipe.data, dataset.name);
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
