#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "nets/network.hpp"
#include "train/run_folder.hpp"

/// theta along a training: a safetensors file each so many steps, in the run's folder
/// (docs/formats.md). Only one theta is ever in memory.
namespace mapnet {

/// Tells what a snapshot each `every` steps of `steps` comes to: the one before the first step, and
/// those behind each multiple. 0: none. Throws UsageError when there would be no second one.
std::int64_t count_snapshots(std::int64_t every, std::int64_t steps);

/// Whether a file is one of them by its name.
bool is_snapshot(const std::filesystem::path& file);

/// Removes all of a run's folder, and what is left of those that were being written; not what else
/// lies there.
void remove_snapshots(const RunFolder& folder);

/// Throws Error where the disk has not room for those to come of a run with `done` of its `steps`
/// behind it; what lies in the folder and goes for them is room. Changes nothing.
void require_disk_room(const RunFolder& folder, const Network& net, std::int64_t every,
                       std::int64_t steps, std::int64_t done);

/// Writes them, each whole or not at all.
class SnapshotWriter {
 public:
  /// Of a run with `done` steps behind it. What it wrote when it came further once is removed.
  /// Throws Error when one up to there is missing.
  SnapshotWriter(const RunFolder& folder, const Network& net, std::int64_t every,
                 std::int64_t done);

  /// [P]; to be filled before `write`.
  std::span<float> theta() { return theta_; }
  /// Writes theta() as the one behind `step`. Throws Error.
  void write(std::int64_t step);

 private:
  void go_on_behind(std::int64_t done) const;

  const Network& net_;
  std::filesystem::path folder_;
  std::int64_t every_;
  std::vector<float> theta_;
};

/// A file of them.
struct Snapshot {
  std::int64_t step = 0;  ///< steps done before it
  std::filesystem::path file;
};

/// Those of a run's folder in the order of their steps. Throws Error where there is none.
std::vector<Snapshot> find_snapshots(const RunFolder& folder);

/// A tensor's values, less its center, into [p.size]: as they lie in theta. Throws Error naming the
/// file when it is not there, or of another shape.
void read_snapshot(const Snapshot& snapshot, const ParamTensor& p, std::span<float> values);

/// All of theta [P].
void read_snapshot(const Snapshot& snapshot, const Network& net, std::span<float> theta);

}  // namespace mapnet
