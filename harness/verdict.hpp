#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/campaign.hpp"

namespace mapnet {

/// Over seeds.
struct Statistics {
  std::size_t n = 0;
  double mean = 0, least = 0, most = 0;
};
std::optional<Statistics> statistics(const std::vector<double>& values);

enum class AgainstPaper {
  nothing,     ///< the paper has no figure, or we have none
  reproduced,  ///< within the tolerance
  exceeded,    ///< better by more than that
  not_reached,
};

enum class AgainstReference {
  nothing,  ///< none is locked, or we have no figure
  held,
  improved,  ///< better by more than the tolerance: lock anew
  regressed,
};

/// A metric of an entry on the test samples of the last epoch, and what to think of it.
struct MetricVerdict {
  const Metric* metric = nullptr;
  std::optional<Statistics> test, train;
  std::optional<double> paper, gap;  ///< gap: ours less the paper's
  AgainstPaper against_paper = AgainstPaper::nothing;
  std::optional<Reference> reference;
  AgainstReference against_reference = AgainstReference::nothing;
};

struct EntryVerdict {
  const ChosenEntry* entry = nullptr;
  std::vector<MetricVerdict> metrics;
};

/// Figures on a stand-in are not held against the paper's.
EntryVerdict judge(const Campaign& campaign, const ChosenEntry& entry);

/// "reproduced", "exceeded", "not reached"; "" for nothing.
std::string to_string(AgainstPaper verdict);
/// "held", "improved", "regressed"; "" for nothing.
std::string to_string(AgainstReference verdict);

/// What entries of reports came to.
struct Tally {
  std::size_t done = 0;                                       ///< with other settings, too
  std::size_t exceeded = 0, reproduced = 0, not_reached = 0;  ///< entries, by their worst metric
  std::size_t unjudged = 0;  ///< done, and nothing to compare them with
  std::size_t beyond = 0;    ///< ours beyond the paper, done
  std::size_t no_data = 0, unsupported = 0, failed = 0, pending = 0;
  std::size_t outdated = 0;             ///< done with other settings than the table has: not judged
  std::size_t regressed = 0, held = 0;  ///< likewise; held: or improved

  /// Those with a verdict of that kind.
  std::size_t against_paper() const { return exceeded + reproduced + not_reached; }
  std::size_t against_reference() const { return held + regressed; }
};
/// Of a report's `entries` (report.hpp).
Tally tally(const nlohmann::json& entries);

}  // namespace mapnet
