#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/run_data.hpp"
#include "cli/run_options.hpp"
#include "common/stopwatch.hpp"
#include "train/budget/search.hpp"
#include "train/build_info.hpp"
#include "train/session.hpp"
#include "train/train_run.hpp"

namespace mapnet {

namespace {

struct BenchOptions : RunOptions {
  int steps = 200, warm_up = 20;
  bool json = false;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// A step of a training step, and how often it runs in that: once for each part of a batch, where
/// it is cut up.
struct TimedStep {
  Program::Bound step;
  Run run;
  double times;
};

std::vector<TimedStep> steps_of(const Session& session, const Recipe& recipe) {
  const RunSchedule& run = session.run_schedule();
  const int parts = (recipe.batch + run.micro_batch - 1) / run.micro_batch;
  std::vector<TimedStep> steps;
  for (const Phase phase : {Phase::step_begin, Phase::micro_batch, Phase::train})
    for (std::size_t k = 0; k < session.program().steps(phase).size(); ++k)
      steps.push_back({session.program().steps(phase)[k], session.program().runs(phase)[k],
                       phase == Phase::micro_batch ? parts : 1.0});
  return steps;
}

/// Median seconds of each step, and of the whole walk, untimed inside.
struct Timings {
  std::vector<double> steps;
  double whole = 0;
};

/// On a CPU each step is timed where it stands in the walk, so with the caches as they really are.
/// On a GPU a walk is over before the clock has moved: there each is repeated, and the mean taken.
Timings time_steps(Session& session, const std::vector<TimedStep>& steps, const BenchOptions& o) {
  const Program& program = session.program();
  const int repeats = program.device().kind() == DeviceKind::cpu ? 1 : 50;
  const std::int64_t per_epoch = session.steps_per_epoch();
  std::vector<std::vector<double>> samples(steps.size());
  std::vector<double> whole;
  for (int i = 0; i < o.warm_up; ++i) session.train_step(i % per_epoch);
  program.wait();
  for (int i = 0; i < o.steps; i += repeats) {
    const Stopwatch watch;
    for (int k = i; k < i + repeats; ++k) session.train_step(k % per_epoch);
    program.wait();
    whole.push_back(watch.seconds() / repeats);
  }
  for (int i = 0; i < o.steps; i += repeats)
    for (std::size_t k = 0; k < steps.size(); ++k)
      samples[k].push_back(program.seconds({steps[k].run}, repeats));
  Timings t;
  t.whole = median(whole);
  for (std::vector<double>& sample : samples) t.steps.push_back(median(std::move(sample)));
  return t;
}

bool belongs_to_mapping(const std::string& step) { return step.rfind("map.", 0) == 0; }

void print_table(const Session& session, const std::vector<TimedStep>& steps, const Timings& t,
                 const Peak& peak, double mapping_share) {
  fmt::print("{:<28}{:>10}{:>8}{:>10}{:>8}{:>10}{:>8}\n", "step", "us", "share", "GFLOP/s", "peak",
             "GB/s", "copy");
  for (std::size_t k = 0; k < steps.size(); ++k) {
    const Program::Bound& step = steps[k].step;
    const double gflops = step.flops / t.steps[k] * 1e-9;
    const double gb = step.bytes / t.steps[k] * 1e-9;
    fmt::print("{:<28}{:>10.1f}{:>7.1f}%", step.name, 1e6 * t.steps[k],
               100 * steps[k].times * t.steps[k] / t.whole);
    if (step.flops > 0)
      fmt::print("{:>10.1f}{:>7.0f}%", gflops, 100 * gflops / peak.gflops);
    else
      fmt::print("{:>18}", "");
    fmt::print("{:>10.1f}{:>7.0f}%\n", gb, 100 * gb / peak.copy_gb_per_s);
  }
  fmt::print("\nwhole step {:.1f} us, {:.2f} s an epoch of {} steps; mapping {:.1f}% of it\n",
             1e6 * t.whole, t.whole * static_cast<double>(session.steps_per_epoch()),
             session.steps_per_epoch(), 100 * mapping_share);
  fmt::print("machine: {:.0f} GFLOP/s float32, {:.1f} GB/s copy\n", peak.gflops,
             peak.copy_gb_per_s);
}

void bench(CLI::App& command, BenchOptions& o) {
  read_config_file(command, o);
  const Network net = network_of(o.config);
  const Recipe asked = resolve(o.config, net);
  const Dataset dataset = open_run_data(o, asked);
  const Recipe recipe = fit_to_budget(o.config, asked, net, dataset);
  Session session(recipe, net, dataset, Purpose::train);
  session.finish_loading();
  const Peak peak = session.program().device().measure_peak();
  const std::vector<TimedStep> steps = steps_of(session, recipe);
  const Timings t = time_steps(session, steps, o);

  double mapping = 0;
  for (std::size_t k = 0; k < steps.size(); ++k)
    if (belongs_to_mapping(steps[k].step.name)) mapping += steps[k].times * t.steps[k];
  if (!o.json) return print_table(session, steps, t, peak, mapping / t.whole);

  nlohmann::json json = {{"recipe", to_json(recipe)},
                         {"device", session.program().device().description()},
                         {"version", version_string()},
                         {"peak_gflops", peak.gflops},
                         {"peak_copy_gb_per_s", peak.copy_gb_per_s},
                         {"step_seconds", t.whole},
                         {"steps_per_epoch", session.steps_per_epoch()},
                         {"mapping_share", mapping / t.whole},
                         {"arena_bytes", session.program().plan().total}};
  for (std::size_t k = 0; k < steps.size(); ++k)
    json["steps"].push_back({{"name", steps[k].step.name},
                             {"seconds", t.steps[k]},
                             {"times", steps[k].times},
                             {"flops", steps[k].step.flops},
                             {"bytes", steps[k].step.bytes}});
  fmt::print("{}\n", json.dump(2));
}

}  // namespace

void add_bench_command(CLI::App& app) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand("bench", "time each step of a training schedule");
  add_run_options(*command, *options);
  command->add_option("--steps", options->steps, "timed steps")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--warm-up", options->warm_up, "steps before them, not timed")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->add_flag("--json", options->json, "for tools");
  command->callback(
      [command, options] { with_config_file(*options, [&] { bench(*command, *options); }); });
}

}  // namespace mapnet
