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
#include "common/error.hpp"
#include "common/file.hpp"
#include "data/dataset.hpp"
#include "data/manifest.hpp"
#include "memory/report.hpp"
#include "train/budget/report.hpp"
#include "train/session.hpp"

namespace mapnet {

namespace {

struct PlanOptions : RunOptions {
  std::string svg, alternatives_svg;
  bool json = false;
};

std::vector<std::string> step_names(const Schedule& schedule) {
  std::vector<std::string> names;
  for (const Step& step : schedule.steps()) names.push_back(step.name);
  return names;
}

/// The plan, what is trained in it, and how it came to be.
std::string run_json(const Recipe& recipe, const Network& net, const Plan& arena,
                     const std::optional<BudgetSearch>& search) {
  auto json = nlohmann::json::parse(plan_json(arena));
  if (search) json["memory_budget"] = budget_json(*search);
  json["trainable_params"] = trainable_params(recipe, net);
  json["target_params"] = net.param_count();
  return json.dump(2) + "\n";
}

/// Writes a picture behind what is printed, where both go to one file.
void write_picture(const std::string& file, const std::string& picture) {
  write_file_atomic(file, picture);
  std::fflush(stdout);
  fmt::print(stderr, "picture written to {}\n", file);
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
  fmt::print("{}", o.json ? run_json(recipe, net, arena, search) : plan_table(arena));
  if (!o.svg.empty()) write_picture(o.svg, plan_svg(arena, step_names(run.schedule)));
}

}  // namespace

void add_plan_command(CLI::App& app) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand("plan", "show where a run's buffers lie, without running");
  add_run_options(*command, *options);
  command->add_option("--svg", options->svg, "draw the plan into this file");
  command->add_option("--alternatives-svg", options->alternatives_svg,
                      "draw time and memory of all that --memory-budget chooses from");
  command->add_flag("--json", options->json, "for tools, instead of the table");
  command->callback([command, options] { plan(*command, *options); });
}

}  // namespace mapnet
