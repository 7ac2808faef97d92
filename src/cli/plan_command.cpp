#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/run_data.hpp"
#include "cli/run_options.hpp"
#include "common/file.hpp"
#include "data/dataset.hpp"
#include "memory/report.hpp"
#include "train/session.hpp"

namespace mapnet {

namespace {

struct PlanOptions : RunOptions {
  std::string svg;
  bool json = false;
};

std::vector<std::string> step_names(const Schedule& schedule) {
  std::vector<std::string> names;
  for (const Step& step : schedule.steps()) names.push_back(step.name);
  return names;
}

/// The plan, and what is trained in it.
std::string run_json(const Recipe& recipe, const Network& net, const Plan& arena) {
  auto json = nlohmann::json::parse(plan_json(arena));
  json["trainable_params"] = trainable_params(recipe, net);
  json["target_params"] = net.param_count();
  return json.dump(2) + "\n";
}

void plan(CLI::App& command, PlanOptions& o) {
  read_config_file(command, o);
  const Network net = network_of(o.config);
  const Recipe recipe = resolve(o.config, net);
  const Dataset dataset = describe_run_data(o.config);
  const SampleCounts counts =
      split_samples(recipe, dataset.task, dataset.train.count, dataset.test.count);
  const RunSchedule run =
      build_run_schedule(recipe, net, counts, sample_format(dataset), Purpose::train);
  const Plan arena = plan_arena(run.schedule.lifetimes());
  fmt::print("{}", o.json ? run_json(recipe, net, arena) : plan_table(arena));
  if (!o.svg.empty()) {
    write_file_atomic(o.svg, plan_svg(arena, step_names(run.schedule)));
    std::fflush(stdout);  // the table first, where both go to one file
    fmt::print(stderr, "picture written to {}\n", o.svg);
  }
}

}  // namespace

void add_plan_command(CLI::App& app) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* command = app.add_subcommand("plan", "show where a run's buffers lie, without running");
  add_run_options(*command, *options);
  command->add_option("--svg", options->svg, "draw the plan into this file");
  command->add_flag("--json", options->json, "for tools, instead of the table");
  command->callback([command, options] { plan(*command, *options); });
}

}  // namespace mapnet
