#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "common/error.hpp"
#include "device/communicator.hpp"
#include "train/checkpoint_interval.hpp"
#include "train/run_result.hpp"

namespace mapnet {

/// What a run tells whoever watches it.
struct EpochReport {
  int epoch = 0;  ///< from 1
  std::int64_t step = 0, steps = 0;
  Metrics running;     ///< over the epoch so far; while it lasts, of the first rank's shares
  Metrics validation;  ///< after the epoch, where a split was set aside
  double learning_rate = 0, seconds = 0;
  std::vector<LossTermReport> loss_terms;  ///< once finished
  bool finished = false;
};
using Watch = std::function<void(const EpochReport&)>;

/// Where a run leaves its files and how it survives.
struct RunControl {
  std::filesystem::path folder = {};
  bool overwrite = false;  ///< a run, finished or not; it stays where this one cannot begin
  bool resume = false;     ///< an interrupted run; where there is none, begin
  CheckpointInterval checkpoints = {};
  std::size_t memory_budget = 0;    ///< that the recipe was fitted to: told in the result
  std::int64_t snapshot_every = 0;  ///< steps from one theta that is kept to the next; 0: none is
  /// Who trains it together. The first of them alone writes the folder and tells its watch; all
  /// stop, save and resume behind the same step.
  std::shared_ptr<Communicator> ranks = alone();
  /// Called when the session is set up, which learning a map may make long, and before any file is
  /// written: until then a run has nothing to save.
  std::function<void()> begins = {};
  /// Asked after each step: true ends the run behind it, or of several ranks behind the next, with
  /// a checkpoint.
  std::function<bool()> stop_requested = {};
  std::function<void(const std::string&)> notice = {};  ///< told what the user may want to know
};

/// The run was asked to stop: its checkpoint is written and can be resumed from.
struct Interrupted : Error {
  using Error::Error;
};

/// Trains as the recipe says and writes the folder: metrics.jsonl (a line an epoch), model.latent
/// and, last, result.json; checkpoints until then; snapshots of theta where they are asked for.
/// Throws Error when the folder holds a run that neither `overwrite` nor `resume` is meant for, or
/// files under a run's names that are none's (RunFolder::claim); Interrupted, and LostRank, which
/// both say how to go on.
RunResult train_run(const Recipe& recipe, const Network& net, const Dataset& dataset,
                    const RunControl& control, const Watch& watch = {});

}  // namespace mapnet
