#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/metric.hpp"
#include "harness/settings.hpp"
#include "harness/trajectory/options.hpp"

/// The paper's tables as data: docs/harness.md says what a file of harness/tables holds.
namespace mapnet {

/// What we measured once and hold ourselves to.
struct Reference {
  double mean = 0, tolerance = 0;  ///< in the metric's unit
  int seeds = 0;                   ///< that the mean is over
  std::string device, date, commit;
};

/// Another data set in the place of one that may not be downloaded.
struct StandIn {
  std::string data;
  Settings settings;  ///< changed for it
  std::optional<std::size_t> trainable;
  std::map<std::string, Reference> references;
};

/// A row's figures on one data set: what is trained there, and what came out elsewhere.
struct Entry {
  std::string data;
  Settings settings, quick;             ///< flags of `mapnet train`, and those of the quick tier
  std::size_t trainable = 0;            ///< asserted to the unit before training
  std::optional<std::size_t> target;    ///< parameters of the target network, likewise
  std::map<std::string, double> paper;  ///< by metric
  std::optional<double> paper_train;    ///< the paper's first metric on the training samples
  std::map<std::string, Reference> references, quick_references;  ///< by metric
  double seconds = 0;  ///< a run of it took, on the references' device; 0: not known
  bool in_quick_tier = false;
  std::string pretrained_from;  ///< the row whose trained weights it begins with; empty: none
  std::optional<StandIn> stand_in;
};

struct Row {
  std::string name, method;
  std::string params;       ///< as the paper's table writes them
  std::string note;         ///< where ours is not what the paper says
  std::string beyond;       ///< of ours beyond the paper: the row of the paper it stands beside
  std::string unsupported;  ///< why mapnet cannot do it; empty: it can
  bool comparable = true;   ///< trained as the table's `baseline` is: as long, on the same images
  std::vector<int> seeds;   ///< its own, else the table's
  std::vector<Entry> entries;
};

struct Table {
  std::filesystem::path file;
  std::string id, title;
  std::string recipes;                      ///< how the settings were chosen
  std::vector<const Metric*> metrics;       ///< of the paper's columns; references are for these
  std::map<std::string, double> tolerance;  ///< against the paper, by metric
  std::vector<int> seeds;
  std::string baseline;  ///< the row that the others are compared with (reach/reach.hpp), if any
  std::optional<TrajectoryOptions> trajectory;  ///< its runs are watched: a figure
  std::vector<Row> rows;
};

/// A row's figures on a data set; nullptr where there are none.
const Entry* find_entry(const Table& table, const std::string& row, const std::string& data);

/// Throws UsageError naming file, line and key of what is missing, unknown or of the wrong type, be
/// it a data set or a setting that `has_flag` does not know; Error for a file that cannot be read.
Table read_table(const std::filesystem::path& file, const HasFlag& has_flag = {});

/// The tables of a folder, tableN.toml, in order of their names. Throws likewise, and UsageError
/// for two of the same id and where there is none.
std::vector<Table> read_tables(const std::filesystem::path& folder, const HasFlag& has_flag = {});

}  // namespace mapnet
