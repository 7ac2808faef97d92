#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/stopwatch.hpp"
#include "train/checkpoint.hpp"
#include "train/session.hpp"
#include "train/snapshots.hpp"
#include "train/train_run.hpp"

namespace mapnet {

/// What is known of a run's files, also where it could not begin.
struct Standing {
  bool begun = false;  ///< what lies in the folder is its own
  std::string saved;   ///< where its last checkpoint is from; empty where none was written
};

/// What is left of a run for whoever lost a rank. Where the folder is seen from here it knows best,
/// if it is the run's: the first rank may have been lost right behind writing a checkpoint.
std::string way_on(const RunFolder& folder, const Standing& standing);

/// What a run reads and writes in its folder, and when. The first rank does; what is called here
/// all ranks call, but for what says otherwise.
class RunFiles {
 public:
  RunFiles(const RunControl& control, const Network& net, Standing& standing);

  const RunFolder& folder() const { return folder_; }
  /// Where the last checkpoint is from.
  const std::string& saved() const { return standing_.saved; }

  /// Takes the folder, and finds the checkpoint that the run goes on from, which knows better than
  /// `recipe` what of a model it began with. Throws Error where that is another run's, and where
  /// what the run is to write would not go there: before anything is learned or trained.
  std::optional<FoundCheckpoint> claim(Recipe& recipe, const Dataset& dataset);
  /// Throws Error where the run cannot go on from its checkpoint with these files.
  void go_on_from(const Checkpoint& checkpoint);
  /// An earlier run goes: nothing is left that could keep this one from beginning.
  void begin(const Init& init, const std::optional<FoundCheckpoint>& found);
  void begin_snapshots(const Session& session, std::int64_t done);

  /// The snapshot behind a step that has one.
  void keep_snapshot(const Session& session, std::int64_t done);
  /// A line of metrics.jsonl.
  void add(const nlohmann::json& epoch);

  /// What the ranks agree on behind a step.
  struct Agreed {
    bool stop = false, save = false;
  };
  Agreed agree_behind_step();
  /// Whether what was trained since the last checkpoint is worth one, where no step follows.
  bool is_worth_saving();
  /// Writes a checkpoint; the lines of metrics.jsonl are added to it.
  void save(Checkpoint checkpoint);

  /// Of all shares, but by the first rank alone: the model and, last, the result.
  void finish(RunResult& result, const Dataset& dataset, const Session& session);

 private:
  void refuse_own_files(const Recipe& recipe) const;
  std::optional<FoundCheckpoint> find_to_go_on_from(Recipe& recipe);
  void take_snapshot(const Session& session, std::int64_t done);
  void wait_for_first();

  const RunControl& control_;
  const Network& net_;
  Standing& standing_;
  Communicator& ranks_;
  const RunFolder folder_;
  FolderClaim claim_;                        // the first rank's
  std::optional<MetricsLog> log_;            // likewise
  std::optional<SnapshotWriter> snapshots_;  // likewise
  Stopwatch unsaved_;
  std::int64_t unsaved_steps_ = 0;
  bool save_asked_ = false;
};

}  // namespace mapnet
