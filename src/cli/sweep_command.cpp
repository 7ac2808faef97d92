#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "cli/commands.hpp"
#include "cli/outputs.hpp"
#include "cli/runner_progress.hpp"
#include "cli/stop_signals.hpp"
#include "cli/threads.hpp"
#include "cli/train_flags.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "harness/runner.hpp"
#include "harness/sweep.hpp"
#include "train/train_run.hpp"

namespace mapnet {

namespace {

namespace fs = std::filesystem;

struct SweepOptions {
  CampaignOptions campaign;
  std::string file, out, runs = "runs/sweep";
  int jobs = 1;
};

void sweep(const CLI::App& app, SweepOptions& o) {
  require_device(o.campaign);
  const Table table = read_sweep(o.file, flags_of_train(app));
  const fs::path out =
      o.out.empty() ? fs::path(o.file).replace_extension(".jsonl") : fs::path(o.out);
  const fs::path sources[] = {o.file};
  refuse_replacing("--out", out, sources);
  const std::vector<nlohmann::json> before = read_sweep_lines(out);
  o.campaign.runs = fs::absolute(o.runs);
  o.campaign.threads_of_a_job = threads_of_a_job(o.jobs);
  std::vector<Campaign> campaigns = {choose(table, o.campaign)};
  find_done(campaigns[0]);
  listen_for_stop_signals();
  const auto write = [&] {
    // Where a stop was asked for, nothing is made of what failed: it may have failed of that.
    const std::string lines = sweep_lines(
        campaigns[0], stop_signal() != 0 ? before : without_failed(campaigns[0], before));
    if (!lines.empty()) write_file_atomic(out, lines);
  };
  const auto progress = [&](const RunnerProgress& p) {
    show_progress(p);
    if (!p.finished.empty()) write();
  };
  const bool finished = run_pending(
      campaigns,
      {.jobs = o.jobs, .stop_requested = [] { return stop_signal() != 0; }, .progress = progress});
  write();
  if (!finished) throw Interrupted("stopped; the same command goes on from here");
  std::size_t done = 0, failed = 0;
  for (const ChosenEntry& entry : campaigns[0].entries) {
    done += entry.state == EntryState::done;
    if (entry.state != EntryState::failed) continue;
    ++failed;
    fmt::print("{} failed ({}): {}\n", entry.row->name,
               command_line(words_of(entry.entry->settings)), entry.message);
  }
  fmt::print("{}: {} of {} points done, best first\n", out.string(), done, table.rows.size());
  std::fflush(stdout);
  if (failed > 0) fail("{} of {} points failed", failed, table.rows.size());
}

}  // namespace

void add_sweep_command(CLI::App& app) {
  auto o = std::make_shared<SweepOptions>();
  CLI::App* command =
      app.add_subcommand("sweep", "train over a grid of settings, judged on validation samples");
  command->add_option("file", o->file, "TOML: settings, seeds, [grid], [[points]]")->required();
  command->add_option("--jobs", o->jobs, "runs at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--device", o->campaign.device, "auto, cpu, cuda  [FILE's, else auto]");
  command->add_option("--memory-budget", o->campaign.memory_budget,
                      "of each run, as mapnet train takes it  [FILE's, else none]");
  command
      ->add_option("--threads", o->campaign.threads,
                   "of a run on a CPU  [FILE's, else cores / jobs]")
      ->check(CLI::Range(1, 1024));
  command->add_option("--runs", o->runs, "folder of the runs, which are gone on with")
      ->capture_default_str();
  command->add_option(
      "--out", o->out,
      "results, a line of JSON a run, beside what it has of other settings or seeds  "
      "[FILE.jsonl]");
  command->callback([&app, o] { sweep(app, *o); });
}

}  // namespace mapnet
