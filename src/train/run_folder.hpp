#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>

namespace mapnet {

/// One process trains in a folder at a time: a lock on the folder itself, which ends with its owner
/// or its process. On a file system without locks nobody is kept out.
class FolderClaim {
 public:
  FolderClaim() = default;
  /// Waits for one that is about to end. Throws Error naming the folder when it does not.
  explicit FolderClaim(const std::filesystem::path& folder);
  /// Does not wait: empty where somebody else has it.
  static std::optional<FolderClaim> now(const std::filesystem::path& folder);
  ~FolderClaim();
  FolderClaim(FolderClaim&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderClaim& operator=(FolderClaim&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

 private:
  int fd_ = -1;
};

/// The files of a run's folder.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path result() const { return path / "result.json"; }
  std::filesystem::path model() const { return path / "model.latent"; }
  std::filesystem::path metrics() const { return path / "metrics.jsonl"; }
  std::filesystem::path checkpoint() const { return path / "checkpoint"; }
  std::filesystem::path previous_checkpoint() const { return path / "checkpoint.previous"; }
  std::filesystem::path snapshots() const { return path / "snapshots"; }

  /// There from a run's beginning to its end: what lies beside it is that run's.
  std::filesystem::path mark() const { return path / "unfinished"; }

  bool finished() const { return std::filesystem::exists(result()); }
  bool interrupted() const;  ///< a checkpoint is there, and no result
  bool begun() const;        ///< the same, or a run that was killed before its first checkpoint

  /// Where no run is: a file under a run's name, of which nobody knows whose it is. An empty folder
  /// for snapshots is none, since it holds nothing to lose.
  std::optional<std::filesystem::path> stranger() const;

  /// Makes the folder, before hours are spent, and keeps others from training there. Throws Error
  /// when somebody does, and after a while still does, or nothing can be written there; and where
  /// `overwrite` is false, when it holds a finished run, an interrupted one that is not to be
  /// resumed, or files under a run's names that are no run's.
  FolderClaim claim(bool overwrite, bool resume) const;

  /// Whether clear() would remove the file.
  bool clears(const std::filesystem::path& file) const;

  /// Removes what an earlier run left, and nothing else: an old result never stands beside new
  /// files. Its model may stay until the new one takes its place.
  void clear(bool keep_model = false) const;

  /// The same of a folder that a run begins in, which is marked before.
  void begin(bool keep_model) const;
  /// Behind the result.
  void end() const;
};

/// metrics.jsonl: a line an epoch.
class MetricsLog {
 public:
  /// Begins the file with the lines there are already. Throws Error, as `add` does.
  MetricsLog(const RunFolder& folder, std::string lines);
  void add(const nlohmann::json& line);
  /// Behind the last line: the file is written whole and synced, as nothing else keeps the lines
  /// once the run's checkpoints are gone.
  void finish() const;
  const std::string& lines() const { return lines_; }

 private:
  void write(const std::string& text);
  std::filesystem::path path_;
  std::ofstream out_;
  std::string lines_;
};

}  // namespace mapnet
