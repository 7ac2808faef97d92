#include "harness/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/report_figures.hpp"

namespace mapnet {

namespace {

/// test_accuracy of every run, in the tables' unit; none where a run has none: a mean of those that
/// happen to be there is another figure.
std::vector<double> values_of(const ChosenEntry& entry, const std::string& split,
                              const Metric& metric) {
  std::vector<double> values;
  const std::string key = split + "_" + metric.name;
  for (const SeedRun& run : entry.runs) {
    if (!run.done || !run.result.contains(key) || !run.result[key].is_number()) return {};
    values.push_back(metric.scale * run.result[key].get<double>());
  }
  return values;
}

/// The room around a goal, its edge within: in binary fractions 90.17 lies a little more than 0.5
/// below 90.67.
double with_edge(double room, double goal) { return room + 1e-9 * std::max(room, std::abs(goal)); }

AgainstPaper compare_to_paper(const Metric& metric, double ours, double paper, double tolerance) {
  const double ahead = lead(metric, ours, paper),
               room = with_edge(slack(metric, tolerance, paper), paper);
  if (ahead > room) return AgainstPaper::exceeded;
  return ahead >= -room ? AgainstPaper::reproduced : AgainstPaper::not_reached;
}

AgainstReference compare_to_reference(const Metric& metric, double ours, const Reference& r) {
  const double ahead = lead(metric, ours, r.mean), room = with_edge(r.tolerance, r.mean);
  if (ahead > room) return AgainstReference::improved;
  return ahead >= -room ? AgainstReference::held : AgainstReference::regressed;
}

template <class Map>
auto find(const Map& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<Statistics> statistics(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return Statistics{values.size(), sum / static_cast<double>(values.size()), *least, *most};
}

EntryVerdict judge(const Campaign& campaign, const ChosenEntry& entry) {
  EntryVerdict verdict{&entry, {}};
  for (const Metric* metric : campaign.table->metrics) {
    MetricVerdict v;
    v.metric = metric;
    if (!entry.stand_in) v.paper = find(entry.entry->paper, metric->name);
    v.reference = find(entry.references(campaign.quick), metric->name);
    if (entry.state == EntryState::done) {
      v.test = statistics(values_of(entry, "test", *metric));
      v.train = statistics(values_of(entry, "train", *metric));
    }
    if (v.test && v.paper) {
      v.gap = v.test->mean - *v.paper;
      if (!campaign.quick)
        v.against_paper = compare_to_paper(*metric, v.test->mean, *v.paper,
                                           campaign.table->tolerance.at(metric->name));
    }
    if (v.test && v.reference)
      v.against_reference = compare_to_reference(*metric, v.test->mean, *v.reference);
    verdict.metrics.push_back(v);
  }
  return verdict;
}

std::string to_string(AgainstPaper verdict) {
  switch (verdict) {
    case AgainstPaper::reproduced:
      return "reproduced";
    case AgainstPaper::exceeded:
      return "exceeded";
    case AgainstPaper::not_reached:
      return "not reached";
    case AgainstPaper::nothing:
      break;
  }
  return "";
}

std::string to_string(AgainstReference verdict) {
  switch (verdict) {
    case AgainstReference::held:
      return "held";
    case AgainstReference::improved:
      return "improved";
    case AgainstReference::regressed:
      return "regressed";
    case AgainstReference::nothing:
      break;
  }
  return "";
}

Tally tally(const nlohmann::json& entries) {
  Tally t;
  for (const nlohmann::json& entry : entries) {
    const std::string state = entry["state"];
    t.done += state == "done";
    t.no_data += state == "no data";
    t.unsupported += state == "not supported";
    t.failed += state == "failed";
    t.pending += state == "not run";
    if (state != "done") continue;
    if (is_outdated(entry)) {
      ++t.outdated;
      continue;
    }
    const auto any = [&](const char* key, const std::string& verdict) {
      return std::ranges::any_of(entry["metrics"], [&](const nlohmann::json& m) {
        return m.contains(key) && (verdict.empty() || m[key] == verdict);
      });
    };
    const auto against_paper = [&](AgainstPaper v) { return any("against_paper", to_string(v)); };
    const bool has_reference = any("against_reference", "");
    if (against_paper(AgainstPaper::not_reached))
      ++t.not_reached;
    else if (against_paper(AgainstPaper::reproduced))
      ++t.reproduced;
    else if (against_paper(AgainstPaper::exceeded))
      ++t.exceeded;
    else if (entry.contains("beyond"))
      ++t.beyond;
    else if (!has_reference)
      ++t.unjudged;
    const bool regressed = any("against_reference", to_string(AgainstReference::regressed));
    t.regressed += regressed;
    t.held += has_reference && !regressed;
  }
  return t;
}

}  // namespace mapnet
