#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/run_data.hpp"
#include "cli/run_options.hpp"
#include "cli/stop_signals.hpp"
#include "cli/threads.hpp"
#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/say.hpp"
#include "train/budget/search.hpp"
#include "train/recipe/check.hpp"
#include "train/resume.hpp"
#include "train/run_ranks.hpp"
#include "train/snapshots.hpp"
#include "train/train_run.hpp"

namespace mapnet {

namespace {

struct TrainOptions : RunOptions {
  std::string out;
  std::string checkpoint_every = "10min";
  std::int64_t snapshot_every = 0;
  bool overwrite = false, resume = false, quiet = false;
  std::optional<double> require_accuracy, require_mse;
};

/// A line that rewrites itself on a terminal, a line an epoch elsewhere.
class ProgressLine {
 public:
  ProgressLine(int epochs, Task task)
      : epochs_(epochs), task_(task), live_(::isatty(STDERR_FILENO) == 1) {}

  void operator()(const EpochReport& e) const {
    if (!e.finished && (!live_ || (e.step % 20 != 0 && e.step != e.steps))) return;
    std::string line =
        fmt::format("epoch {:>3}/{}  step {:>4}/{}", e.epoch, epochs_, e.step, e.steps);
    line += task_ == Task::forecast ? fmt::format("  MSE {:.6f}", e.running.loss)
                                    : fmt::format("  loss {:.4f}  train {:6.2f}%", e.running.loss,
                                                  100 * e.running.accuracy);
    if (e.validation.samples > 0) line += "  validation " + short_text(e.validation);
    line += fmt::format("  lr {:.5f}  {:.1f} s", e.learning_rate, e.seconds);
    say("{}{}{}", live_ ? "\r" : "", line, e.finished ? "\n" : "");
  }

 private:
  std::string short_text(const Metrics& m) const {
    return task_ == Task::forecast ? fmt::format("{:.6f}", m.loss)
                                   : fmt::format("{:6.2f}%", 100 * m.accuracy);
  }

  int epochs_;
  Task task_;
  bool live_;
};

const char* what_is_stored(const RunResult& r) {
  if (r.stored_values == r.target_params) return "theta itself";
  return r.recipe.mapping.learned.on() ? "theta and the latents of every round"
                                       : "latents of every round";
}

void print_summary(const RunResult& r, const std::string& folder) {
  const auto row = [](const char* what, const std::string& value) {
    fmt::print("  {:<22}{}\n", what, value);
  };
  const MappingConfig& mapping = r.recipe.mapping;
  const bool variant = mapping.variant != Variant::none, trained_map = trains_map(mapping.variant);
  fmt::print("\n{} on {}, {}{}\n", r.recipe.net, r.recipe.data, to_string(mapping.strategy),
             variant ? " " + to_string(mapping.variant) : "");
  const auto metrics_row = [&](const std::string& split, const Metrics& m) {
    if (r.task == Task::classify)
      row((split + " accuracy").c_str(), fmt::format("{:.2f}%", 100 * m.accuracy));
    else
      row(split.c_str(), metrics_text(r.task, m));
  };
  metrics_row("test", r.test);
  if (r.task == Task::forecast)
    row("repeating the last", fmt::format("MSE {:.6f}", r.series.persistence_mse_test));
  if (r.recipe.add_ons.int8)
    row("test accuracy in int8", fmt::format("{:.2f}% ({})", 100 * r.add_ons->int8_test.accuracy,
                                             format_bytes(r.add_ons->int8_bytes)));
  if (r.validation.samples > 0) metrics_row("validation", r.validation);
  metrics_row("train", r.train);
  row("trainable parameters", fmt::format("{}", r.trainable_params));
  if (r.refreshes > 0)
    row("stored values",
        fmt::format("{} ({}, {} refreshes)", r.stored_values, what_is_stored(r), r.refreshes));
  if (r.state_values > 0) row("running statistics", fmt::format("{}", r.state_values));
  const double ratio =
      static_cast<double>(r.target_params) / static_cast<double>(r.trainable_params);
  row("target parameters",
      fmt::format("{} ({:.{}f} times as many)", r.target_params, ratio, ratio < 1 ? 3 : 1));
  if (r.recipe.add_ons.pruning.on())
    row("not pruned",
        fmt::format("{} ({:.1f}% zeros)", r.add_ons->nonzeros, 100 * r.add_ons->sparsity));
  if (r.recipe.pretrained.given()) row("pre-trained weights", r.recipe.pretrained.file);
  if (const Finetune& f = mapping.finetune; f.on()) {
    std::string layers;
    for (const ChosenLayer& layer : f.layers) layers += (layers.empty() ? "" : ", ") + layer.name;
    row("fine-tuned", fmt::format("{}; L = {}", layers, f.share));
  }
  if (mapping.learned.on()) {
    const LearnedMapFacts& map = r.learned_map;
    row("learned map", fmt::format("{}: {} values, from {} samples there and back in {:.1f} s",
                                   to_string(mapping.learned.family), map.values,
                                   map.samples * (r.refreshes + 1), map.seconds));
  }
  if (trained_map)
    row("values stored", format_bytes(r.stored_values * sizeof(float)));
  else if (mapping.strategy != Strategy::direct)
    row("fixed map stored", r.map_bytes > 0 ? format_bytes(r.map_bytes) : "nothing but its seed");
  row("arena", fmt::format("{} ({:.4f} of the lower bound)", format_bytes(r.arena_bytes),
                           static_cast<double>(r.arena_bytes) /
                               static_cast<double>(r.arena_lower_bound_bytes)));
  if (r.memory)
    row("memory in all",
        fmt::format("{}{}, beside {} of program", format_bytes(r.memory->own_bytes()),
                    r.memory_budget > 0 ? " of " + format_bytes(r.memory_budget) : "",
                    format_bytes(r.memory->image_bytes)));
  row("training time",
      fmt::format("{:.1f} s ({:.2f} s an epoch) after {:.1f} s of set-up", r.seconds,
                  r.seconds / std::max(1, r.recipe.epochs), r.setup_seconds));
  row("device", r.device + (r.ranks > 1 ? fmt::format(", {} ranks", r.ranks) : ""));
  row("written to", folder);
}

/// Whoever has a build for GPUs and is not given one wants to know why.
void tell_fallback(const RunConfig& config, const Recipe& recipe) {
  if (built_for_cuda() && config.device == "auto" && recipe.device == DeviceKind::cpu)
    say("mapnet: no GPU can be used ({}); training on the CPU\n", cuda_missing());
}

/// What a budget has chosen.
void tell_footprint(const RunConfig& config, const Recipe& recipe) {
  if (!config.footprint.memory_budget) return;
  const std::string flags = flags_of(recipe.footprint);
  say("mapnet: --memory-budget {}: {}\n", *config.footprint.memory_budget,
      flags.empty() ? "the whole batch and all samples in memory" : flags);
}

/// What CI asks of a run's test accuracy, or of a forecast's MSE.
void check_required(const TrainOptions& o, double metric) {
  if (o.require_accuracy && !(metric >= *o.require_accuracy))
    fail("test accuracy {:.4f} is below the required {:.4f}", metric, *o.require_accuracy);
  if (o.require_mse && !(metric <= *o.require_mse))
    fail("test MSE {:.6f} is above the allowed {:.6f}", metric, *o.require_mse);
}

/// --resume of a run that needs no more: says how it ended.
void report_finished(const TrainOptions& o, const Recipe& recipe, Task task,
                     const std::string& folder) {
  const FinishedRun run = read_finished_run(RunFolder{folder}, to_json(recipe), task);
  fmt::print("{}: finished already: test {} {:.{}f}\n", folder, run.metric, run.test,
             task == Task::forecast ? 6 : 4);
  check_required(o, run.test);
}

/// Videos' features are extracted once: the others find them in the cache.
Dataset open_in_turn(Communicator& ranks, const TrainOptions& o, const Recipe& recipe) {
  std::byte turn{};
  if (!recipe.features.given()) return open_run_data(o, recipe);
  if (!ranks.first()) ranks.broadcast({&turn, 1});
  Dataset dataset = open_run_data(o, recipe);
  if (ranks.first()) ranks.broadcast({&turn, 1});
  return dataset;
}

/// Whether the run in the folder is over, as the first rank sees it.
bool finished(Communicator& ranks, const std::string& folder) {
  bool over = ranks.first() && RunFolder{folder}.finished();
  ranks.broadcast(std::as_writable_bytes(std::span(&over, 1)));
  return over;
}

/// A budget leaves the schedule open, and which is the fastest goes by the machine and its threads:
/// a run that is resumed keeps what it was begun with wherever no flag says otherwise.
void keep_footprint(Communicator& ranks, const RunFolder& folder, const Recipe& asked,
                    FootprintConfig& c) {
  std::string text;
  if (ranks.first())
    if (const std::optional<Footprint> found = footprint_of(folder))
      text = nlohmann::json(*found).dump();
  broadcast(ranks, text);
  if (!text.empty()) fix_open(c, nlohmann::json::parse(text).get<Footprint>(), asked);
}

/// Wrong usage is told before features are extracted, schedules searched or a map is learned.
void check_steps(const TrainOptions& o, const Recipe& recipe, const Dataset& dataset) {
  count_snapshots(o.snapshot_every, training_steps(recipe, split_samples(recipe, dataset)));
}

/// Flags that are no part of a recipe, and without which it would be another run. (How large a
/// budget is may change when a run is resumed.)
std::string flags_beside_recipe(const TrainOptions& o) {
  std::string flags;
  if (o.snapshot_every > 0) flags += fmt::format(" --snapshot-every {}", o.snapshot_every);
  if (o.config.footprint.memory_budget) flags += " --memory-budget";
  return flags;
}

void train(CLI::App& command, TrainOptions& o) {
  end_with_owner();
  const std::shared_ptr<Communicator> ranks = join_ranks([] { return stop_signal() != 0; });
  read_config_file(command, o);
  if (o.require_accuracy)
    require(*o.require_accuracy >= 0 && *o.require_accuracy <= 1, "--require-accuracy",
            *o.require_accuracy, "a share of 1, as 0.90");
  if (o.config.threads == 0)
    o.config.threads = threads_of_one(ranks->local_size(), ranks->local_processors());
  const Network net = network_of(o.config);
  Recipe asked = resolve(o.config, net);
  if (o.require_accuracy && net.task == Task::forecast)
    fail<UsageError>("--require-accuracy is for classes; a forecast is held to --require-mse");
  if (o.require_mse && net.task != Task::forecast)
    fail<UsageError>("--require-mse is for forecasts; classes are held to --require-accuracy");
  const CheckpointInterval checkpoints = parse_checkpoint_interval(o.checkpoint_every);
  require_shareable(asked, ranks->size());
  // What is published has as many samples as it is described with.
  if (o.config.data_options.folder.empty()) check_steps(o, asked, describe_run_data(o.config));
  const Dataset dataset = open_in_turn(*ranks, o, asked);
  check_steps(o, asked, dataset);
  if (o.snapshot_every > 0) o.config.footprint.beside_bytes = net.param_count() * sizeof(float);
  const std::string folder =
      o.out.empty() ? "runs/" + default_run_name(asked, net, flags_beside_recipe(o)) : o.out;
  if (o.resume && o.config.footprint.memory_budget) {
    keep_footprint(*ranks, RunFolder{folder}, asked, o.config.footprint);
    asked = resolve(o.config, net);
  }
  if (o.resume && finished(*ranks, folder)) {
    if (ranks->first()) report_finished(o, asked, net.task, folder);
    return;
  }
  const Recipe recipe = fit_to_budget(o.config, asked, net, dataset, ranks);
  if (ranks->first()) tell_footprint(o.config, recipe);
  if (ranks->first()) tell_fallback(o.config, recipe);
  RunControl control{.folder = folder, .overwrite = o.overwrite, .resume = o.resume};
  control.checkpoints = checkpoints;
  control.snapshot_every = o.snapshot_every;
  control.begins = listen_for_stop_signals;
  control.stop_requested = [] { return stop_signal() != 0; };
  control.ranks = ranks;
  if (o.config.footprint.memory_budget)
    control.memory_budget = parse_bytes(*o.config.footprint.memory_budget, "--memory-budget");
  if (ranks->first())
    control.notice = [&](const std::string& text) { say("mapnet: {}: {}\n", folder, text); };
  const ProgressLine progress(recipe.epochs, net.task);
  const RunResult result = train_run(recipe, net, dataset, control,
                                     o.quiet || !ranks->first() ? Watch() : Watch(progress));
  if (ranks->first()) print_summary(result, folder);
  check_required(o, net.task == Task::forecast ? result.test.loss : result.test.accuracy);
}

}  // namespace

void add_train_command(CLI::App& app) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand("train", "train a network and write its run folder");
  add_run_options(*command, *options);
  command->add_option(
      "--out", options->out,
      "run folder  [runs/NAME; NAME ends in a hash of the flags it has no words for]");
  CLI::Option* overwrite = command->add_flag("--overwrite", options->overwrite,
                                             "replace the run that is in --out, finished or not");
  command
      ->add_flag("--resume", options->resume,
                 "go on with the run in --out where it was stopped; begin it where there is none")
      ->excludes(overwrite);
  command
      ->add_option("--checkpoint-every", options->checkpoint_every,
                   "save after so many steps (200) or so much time (90s, 10min, 2h), or never")
      ->capture_default_str();
  command
      ->add_option(
          "--snapshot-every", options->snapshot_every,
          "keep the weights before the first step and behind each so many: OUT/snapshots, 4 "
          "bytes a weight each")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->add_flag("--quiet", options->quiet, "no progress line");
  command->add_option("--require-accuracy", options->require_accuracy,
                      "exit 1 when the test accuracy ends below this share of 1, as 0.90");
  command->add_option("--require-mse", options->require_mse,
                      "exit 1 when the test MSE of a forecast ends above this");
  command->callback(
      [command, options] { with_config_file(*options, [&] { train(*command, *options); }); });
}

}  // namespace mapnet
