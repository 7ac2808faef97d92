#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/replacing_file.hpp"
#include "train/maps/take_row.hpp"

/// The trajectory of a direct training, kept for whoever learns a map from the same one again: a
/// map of another number of latents or of another family, or a run that is resumed. It is as large
/// as what it saves is long, so that it is kept where MAPNET_TRAJECTORY_CACHE names a folder, and
/// else not at all.
///
/// A file a trajectory, called by the SHA-256 of its key (".trajectory"): rows [rows, columns] of
/// float32 one after another, JSON that describes them, uint32 bytes of that, uint32 CRC-32 of it,
/// "MAPNTRJ1"; little-endian.
namespace mapnet {

/// $MAPNET_TRAJECTORY_CACHE; none where it is not set.
std::optional<std::filesystem::path> trajectory_cache();

/// What a trajectory is and what it cost.
struct TrajectoryFacts {
  std::size_t rows = 0, columns = 0;
  std::size_t samples = 0;     ///< through the network and back for it
  double seconds = 0;          ///< of the training
  std::uint32_t checksum = 0;  ///< CRC-32 of the rows
};

/// One that was kept.
class KeptTrajectory {
 public:
  /// `key`: all that its bits depend on. None where no such trajectory lies in `folder`. Throws
  /// Error naming the file where one does that is of another key, cut off or none at all.
  static std::optional<KeptTrajectory> find(const std::filesystem::path& folder,
                                            std::string_view key);

  const TrajectoryFacts& facts() const { return facts_; }

  /// Throws Error, after the last row at the latest, where the file is damaged.
  void each_row(const TakeRow& take) const;

 private:
  KeptTrajectory(std::filesystem::path file, const TrajectoryFacts& facts);

  std::filesystem::path file_;
  TrajectoryFacts facts_;
};

/// Keeps one while the network trains. Nothing is left of a training that did not come to its end;
/// what a killed process left the next one removes.
class TrajectoryKeeper {
 public:
  /// Throws Error, naming folder and sizes, where it cannot be written to or has too little room:
  /// before the training, not in its middle.
  TrajectoryKeeper(const std::filesystem::path& folder, std::string key, std::size_t rows,
                   std::size_t columns);

  void take(std::span<const float> row);
  void keep(std::size_t samples, double seconds);

 private:
  std::string key_;
  TrajectoryFacts facts_;
  ReplacingFile file_;
};

}  // namespace mapnet
