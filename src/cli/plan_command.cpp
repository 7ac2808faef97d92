#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/outputs.hpp"
#include "cli/run_data.hpp"
#include "cli/run_options.hpp"
#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "common/say.hpp"
#include "data/dataset.hpp"
#include "data/manifest.hpp"
#include "memory/report.hpp"
#include "train/budget/process_memory.hpp"
#include "train/budget/report.hpp"
#include "train/session.hpp"

namespace mapnet {

namespace {

struct PlanOptions : RunOptions {
  std::string svg, alternatives_svg;
  bool buffers = false, json = false;
};

std::vector<std::string> step_names(const Schedule& schedule) {
  std::vector<std::string> names;
  for (const Step& step : schedule.steps()) names.push_back(step.name);
  return names;
}

/// What the run takes in all, as a budget would foretell it: of the one schedule that it has.
std::size_t bytes_in_all(RunConfig config, const Recipe& recipe, const Network& net,
                         const Dataset& dataset) {
  fix_open(config.footprint, recipe.footprint, recipe);
  config.map.reset();  // the recipe's: "auto" would be searched
  config.footprint.memory_budget.reset();
  return search_budget(config, recipe, net, dataset).best().total_bytes();
}

/// The last line: what train would say of its memory when it is over.
std::string in_all_text(std::size_t bytes, const Recipe& recipe) {
  if (recipe.device == DeviceKind::cuda)
    return fmt::format("in all {} of the GPU's memory\n", format_bytes(bytes));
  const std::optional<ProcessMemory> here = measure_process_memory();
  return fmt::format(
      "in all {}{}\n", format_bytes(bytes),
      here ? fmt::format(", beside about {} of program", format_bytes(here->image_bytes)) : "");
}

/// The plan, what is trained in it, and how it came to be.
std::string run_json(const Recipe& recipe, const Network& net, const Plan& arena,
                     std::size_t in_all, const std::optional<BudgetSearch>& search) {
  auto json = nlohmann::json::parse(plan_json(arena));
  json["in_all_bytes"] = in_all;
  if (search) json["memory_budget"] = budget_json(*search);
  json["trainable_params"] = trainable_params(recipe, net);
  json["target_params"] = net.param_count();
  return json.dump(2) + "\n";
}

/// Writes a picture behind what is printed, where both go to one file.
void write_picture(const std::string& file, const std::string& picture) {
  write_file_atomic(file, picture);
  std::fflush(stdout);
  say("picture written to {}\n", file);
}

void plan(CLI::App& command, PlanOptions& o) {
  read_config_file(command, o);
  const std::filesystem::path config[] = {o.config_file};
  refuse_replacing("--svg", o.svg, config);
  refuse_replacing("--alternatives-svg", o.alternatives_svg, config);
  if (!o.alternatives_svg.empty() && !o.config.footprint.memory_budget)
    fail<UsageError>("--alternatives-svg draws what --memory-budget chooses from; give one");
  refuse_features_cache(o.config.data, o.features_cache);
  const Network net = network_of(o.config);
  Recipe recipe = resolve(o.config, net);
  // A folder of one's own may hold any number of samples.
  const bool own = !o.config.data_options.folder.empty() && !holds_videos(o.config.data);
  const Dataset dataset =
      own ? open_dataset(o.config.data, o.config.data_options) : describe_run_data(o.config);
  std::optional<BudgetSearch> search;
  if (o.config.footprint.memory_budget) {
    search = search_budget(o.config, recipe, net, dataset);
    if (!o.json) fmt::print("{}\n", budget_table(*search));
    if (!o.alternatives_svg.empty()) write_picture(o.alternatives_svg, budget_svg(*search));
    std::fflush(stdout);  // also where nothing fits
    require_fit(*search);
    recipe = search->best().recipe;
  }
  const RunSchedule run = build_run_schedule(recipe, net, split_samples(recipe, dataset),
                                             sample_format(dataset), Purpose::train);
  const Plan arena = plan_arena(run.schedule.lifetimes());
  const std::size_t in_all =
      search ? search->best().total_bytes() : bytes_in_all(o.config, recipe, net, dataset);
  if (o.json)
    fmt::print("{}", run_json(recipe, net, arena, in_all, search));
  else
    fmt::print("{}\n{}", o.buffers ? plan_table(arena) : plan_summary(arena),
               in_all_text(in_all, recipe));
  if (!o.svg.empty()) write_picture(o.svg, plan_svg(arena, step_names(run.schedule)));
}

}  // namespace

void add_plan_command(CLI::App& app) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command =
      app.add_subcommand("plan", "foretell a run's memory and where its buffers lie");
  add_run_options(*command, *options);
  command->add_option("--svg", options->svg, "draw the plan into this file");
  command->add_option("--alternatives-svg", options->alternatives_svg,
                      "draw time and memory of all that --memory-budget chooses from");
  command->add_flag("--buffers", options->buffers, "each buffer too: its size, place and steps");
  command->add_flag("--json", options->json, "for tools, instead of the tables");
  command->callback(
      [command, options] { with_config_file(*options, [&] { plan(*command, *options); }); });
}

}  // namespace mapnet
