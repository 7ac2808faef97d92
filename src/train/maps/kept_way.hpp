#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/replacing_file.hpp"
#include "train/maps/take_row.hpp"

/// The way of a direct training, kept for whoever learns a map from the same one again: a map of
/// another number of latents or of another family, or a run that is resumed. It is as large as what
/// it saves is long, so that it is kept where MAPNET_WAY_CACHE names a folder, and else not at all.
///
/// A file a way, called by the SHA-256 of its key (".way"): rows [rows, columns] of float32 one
/// after another, JSON that describes them, uint32 bytes of that, uint32 CRC-32 of it, "MAPNWAY1";
/// little-endian.
namespace mapnet {

/// $MAPNET_WAY_CACHE; none where it is not set.
std::optional<std::filesystem::path> way_cache();

/// What a way is and what it cost.
struct WayFacts {
  std::size_t rows = 0, columns = 0;
  std::size_t samples = 0;     ///< through the network and back for it
  double seconds = 0;          ///< of walking it
  std::uint32_t checksum = 0;  ///< CRC-32 of the rows
};

/// A way that was walked before.
class KeptWay {
 public:
  /// `key`: all that its bits depend on. None where no such way lies in `folder`. Throws Error
  /// naming the file where one does that is of another key, cut off or not a way at all.
  static std::optional<KeptWay> find(const std::filesystem::path& folder, std::string_view key);

  const WayFacts& facts() const { return facts_; }

  /// Throws Error, after the last row at the latest, where the file is damaged.
  void each_row(const TakeRow& take) const;

 private:
  KeptWay(std::filesystem::path file, const WayFacts& facts);

  std::filesystem::path file_;
  WayFacts facts_;
};

/// Keeps a way while it is walked. Nothing is left of one that was not walked to its end; what a
/// killed process left the next walk removes.
class WayKeeper {
 public:
  /// Throws Error, naming folder and sizes, where it cannot be written to or has too little room:
  /// before the training, not in its middle.
  WayKeeper(const std::filesystem::path& folder, std::string key, std::size_t rows,
            std::size_t columns);

  void take(std::span<const float> row);
  void keep(std::size_t samples, double seconds);

 private:
  std::string key_;
  WayFacts facts_;
  ReplacingFile file_;
};

}  // namespace mapnet
