#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "train/run_folder.hpp"
#include "train/training_state.hpp"

namespace mapnet {

/// A training between two of its steps, as a file. A framed file (framed_file.hpp, "MAPNETCK",
/// version 1; docs/formats.md).
struct Checkpoint {
  nlohmann::json recipe;  ///< to_json of the run's
  std::string program;    ///< program_identity of the one that wrote it; empty: an older one
  std::string device;     ///< Device::description, of the first rank
  int ranks = 1;          ///< that the run had
  TrainingState state;
  std::int64_t snapshot_every = 0;  ///< of the run; 0: it takes none
  double seconds = 0;               ///< of training so far: finished epochs
  double epoch_seconds = 0;         ///< of the present one
  std::string metrics;              ///< metrics.jsonl of the finished epochs
};

/// Where in a training it was taken: "epoch 3, step 120".
std::string position_text(const Checkpoint& checkpoint);

/// Replaces the folder's checkpoint; the one before is kept as its previous one. Throws Error, and
/// leaves a whole checkpoint where there was one, when it cannot be written.
void write_checkpoint(const RunFolder& folder, const Checkpoint& checkpoint);

/// Throw Error naming the file and what is wrong with it.
Checkpoint parse_checkpoint(std::string bytes, const std::filesystem::path& path);
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// A checkpoint to go on from, and why it is not the last one.
struct FoundCheckpoint {
  Checkpoint checkpoint;
  std::string problem;  ///< of the last one; empty when it is that
  std::filesystem::path path;
};

/// The folder's last checkpoint, or where that cannot be read, the one before. Nothing where there
/// is none. Throws Error naming what is wrong when none can be read.
std::optional<FoundCheckpoint> find_checkpoint(const RunFolder& folder);

}  // namespace mapnet
