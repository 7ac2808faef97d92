#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/campaign.hpp"
#include "harness/table.hpp"

/// A search over settings of `mapnet train`, judged on validation samples alone.
namespace mapnet {

/// The points of a sweep file as the rows of a table, one after another:
///   settings = { net = "cnn2", validation = 10000, ... }   # of every point
///   seeds = [1]
///   [grid]                                                # every combination of these
///   lr = [0.02, 0.08]
///   [[points]]                                            # or these changes, each with the grid
///   activation = "sine"
/// A point is called by its settings, and those of the same settings are one. Throws UsageError
/// naming file, line and key; without validation samples there is nothing to judge by. `has_flag`
/// as in read_tables.
Table read_sweep(const std::filesystem::path& file, const HasFlag& has_flag = {});

/// A line of a sweep's results each; none where there is no such file. Throws UsageError naming
/// file and line of what is none.
std::vector<nlohmann::json> read_sweep_lines(const std::filesystem::path& file);

/// The same lines, but of runs that have failed now: what an earlier one came to holds no longer.
/// Such a line says why under "failed", and has the earlier figures within "earlier", where nobody
/// takes them for the point's. A point of which no run could begin says nothing of them.
std::vector<nlohmann::json> without_failed(const Campaign& campaign,
                                           std::vector<nlohmann::json> lines);

/// The finished runs, best first, a line of JSON each: settings, seed, validation metrics, seconds.
/// Nothing of the test samples. With them those of `before` that have settings or a seed of which
/// nothing was run now.
std::string sweep_lines(const Campaign& campaign, const std::vector<nlohmann::json>& before);

}  // namespace mapnet
