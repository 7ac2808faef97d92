#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/table.hpp"

namespace mapnet {

/// Whether somebody asked to stop; empty: nobody can.
using StopRequested = std::function<bool()>;
inline bool is_stopping(const StopRequested& stop_requested) {
  return stop_requested && stop_requested();
}

/// What of the tables is to be run, and how.
struct CampaignOptions {
  std::string rows = "*";     ///< glob over rows' names
  bool paper_rows = false;    ///< those of the paper alone, none of ours beyond it
  std::string data;           ///< one data set; empty: all
  int seeds = 0;              ///< how many of the table's; 0: all
  bool quick = false;         ///< the quick tier alone, with its own settings and references
  bool stand_in = false;      ///< where a data set is absent, what may stand in for it
  std::string device;         ///< of `mapnet train`; empty: the table's, else auto
  std::string memory_budget;  ///< of a run, as `mapnet train` takes it; empty: the table's
  int threads = 0;            ///< of a run on a CPU; 0: the table's
  int threads_of_a_job = 0;   ///< where neither says how many; 0: all of the machine
  std::map<std::string, std::string> data_folders;  ///< --data-dir of each data set that needs one
  std::filesystem::path runs;                       ///< folder of the run folders

  /// The folder that was named for a data set; empty: none was.
  std::string folder_of(const std::string& name) const {
    const auto folder = data_folders.find(name);
    return folder == data_folders.end() ? std::string() : folder->second;
  }
};

/// What became of an entry.
enum class EntryState {
  pending,      ///< not run, or not yet
  done,         ///< every seed is, and has every figure of the table
  no_data,      ///< the data set is not there: never counted as passed
  failed,       ///< a run ended with an error or without a figure, the data set is damaged, or the
                ///< counts are not the table's
  unsupported,  ///< its row says that mapnet cannot do it: never run, never counted as passed
};

/// A run of an entry with one seed.
struct SeedRun {
  int seed = 0;
  std::filesystem::path folder;
  std::vector<std::string> words;  ///< `train` and its flags
  std::filesystem::path source;    ///< folder of the run whose weights it begins with; empty: none
  std::vector<std::string> source_words;  ///< of that run
  bool done = false;
  bool damaged = false;       ///< finished, but its results cannot be read, or are somebody else's
  bool begun = false;         ///< by this program: it was not refused, however far it has come
  nlohmann::json result;      ///< result.json, once done
  nlohmann::json metrics;     ///< lines of metrics.jsonl, likewise
  nlohmann::json trajectory;  ///< of a table that has them, once they were followed

  /// What it is exported to where others begin with its weights, and what its own source is.
  std::filesystem::path exported() const { return folder / "weights.safetensors"; }
  std::filesystem::path weights() const { return source / exported().filename(); }
};

/// An entry that was chosen, with what happened to it.
struct ChosenEntry {
  const Row* row = nullptr;
  const Entry* entry = nullptr;
  bool stand_in = false;  ///< runs on the entry's stand-in
  Settings settings;
  EntryState state = EntryState::pending;
  std::string message;  ///< why it failed, has no data or is not supported
  bool began = true;    ///< false: it failed before any of its runs could begin
  nlohmann::json plan;  ///< of its arena, as `mapnet plan --json` has it
  std::vector<SeedRun> runs;

  const std::string& data() const { return stand_in ? entry->stand_in->data : entry->data; }
  /// The quick tier has none of a stand-in.
  const std::map<std::string, Reference>& references(bool quick) const {
    static const std::map<std::string, Reference> kNone;
    if (stand_in) return quick ? kNone : entry->stand_in->references;
    return quick ? entry->quick_references : entry->references;
  }
};

/// A table with the entries of it that are to be run.
struct Campaign {
  const Table* table = nullptr;
  bool quick = false;
  std::vector<ChosenEntry> entries;
};

/// Throws UsageError for a --device that is none, Error where it cannot be had: before runs that
/// are done make room for some that cannot begin.
void require_device(const CampaignOptions& options);

/// The entries a table has for these options, and those whose weights they begin with; there may be
/// none.
Campaign choose(const Table& table, const CampaignOptions& options);

/// An entry's settings where it runs on its stand-in.
Settings on_stand_in(Settings settings, const StandIn& other);

/// Has an entry run on its stand-in; its runs are to be settled anew.
void take_stand_in(ChosenEntry& entry, const CampaignOptions& options);

/// Where the runs lie, what they are told and whose weights they begin with.
void settle_runs(Campaign& campaign, const CampaignOptions& options);

/// The entry whose weights an entry begins with; nullptr where there is none.
const ChosenEntry* source_of(const Campaign& campaign, const ChosenEntry& entry);

/// Marks the runs that are done with the same flags and version, reads their results and the words
/// that they were begun with, and settles their entries. A finished run whose results cannot be
/// read is damaged, and not done: it is trained again, rather than left for somebody to remove. So
/// is one that somebody trained in the folder since, which is said.
void find_done(Campaign& campaign);

/// A pending entry all of whose runs are finished is done where each has a number for every metric
/// of the table. Else it has failed: NaN, which JSON writes as null, is no figure to pass over.
void settle(ChosenEntry& entry, const Table& table);

/// Reads a finished run's results. Throws Error naming the file that is missing or damaged.
void read_results(SeedRun& run);

/// Reads the snapshots of finished runs, where the table is a figure of them: the picture of an
/// entry's first run, the numbers of all. An entry whose snapshots cannot be read has failed.
void follow_trajectories(Campaign& campaign);

/// Whether `name` is what a glob of '*' and '?' asks for.
bool matches(const std::string& glob, const std::string& name);

}  // namespace mapnet
