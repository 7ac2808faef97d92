#pragma once

#include <filesystem>
#include <string>

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
/// Throws Error naming file, line and key; without validation samples there is nothing to judge by.
Table read_sweep(const std::filesystem::path& file);

/// The finished runs, best first, a line of JSON each: settings, seed, validation metrics, seconds.
/// Nothing of the test samples.
std::string sweep_lines(const Campaign& campaign);

}  // namespace mapnet
