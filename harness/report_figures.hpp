#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/metric.hpp"

/// Figures of a report's JSON as people read them; empty where there is none.
namespace mapnet {

/// The first metric of a report's entries, which its pictures and comparisons are of.
inline const Metric& leading_metric(const nlohmann::json& report) {
  return *find_metric(report["entries"][0]["metrics"][0]["metric"]);
}

inline std::string figure_of(const Metric& metric, const nlohmann::json& holder, const char* key) {
  return holder.contains(key) ? format_figure(metric, holder[key].get<double>()) : std::string();
}

/// "+1.00", "-0.38": the gap to the paper.
inline std::string gap_of(const Metric& metric, const nlohmann::json& m) {
  const std::string text = figure_of(metric, m, "gap");
  return text.empty() || text.front() == '-' ? text : "+" + text;
}

/// "1c16742" of "0.1.0 (1c16742)", a version that something was trained by.
inline std::string commit_of(const std::string& version) {
  const std::size_t begin = version.find('('), end = version.find(')');
  return end == std::string::npos ? version : version.substr(begin + 1, end - begin - 1);
}

/// Whether the first is ours beyond the paper, and the second the paper's that it stands beside.
inline bool is_beyond(const nlohmann::json& entry, const nlohmann::json& of_paper) {
  return entry.value("beyond", "") == of_paper["row"] && entry["data"] == of_paper["data"];
}

/// Whether an entry is ours beyond the paper and the paper's row that it stands beside is there.
inline bool stands_beside(const nlohmann::json& report, const nlohmann::json& entry) {
  return std::ranges::any_of(report["entries"],
                             [&](const nlohmann::json& other) { return is_beyond(entry, other); });
}

/// Its row; of ours beyond the paper, in a line of its own, what it would stand beside.
inline std::string row_name(const nlohmann::json& entry) {
  std::string name = entry["row"];
  if (entry.contains("beyond")) name += " (beyond " + entry["beyond"].get<std::string>() + ")";
  return name;
}

/// Whether it was trained with other settings than its table has: its figures are the settings'
/// that it had, not the row's.
inline bool is_outdated(const nlohmann::json& entry) { return entry.value("outdated", false); }

/// What came of an entry's metric: its state, unless it is done; else how it stands to the paper
/// and to the reference.
inline std::vector<std::string> verdicts_of(const nlohmann::json& entry, const nlohmann::json& m) {
  if (entry["state"] != "done") return {entry["state"]};
  if (is_outdated(entry)) return {"other settings"};
  std::vector<std::string> verdicts;
  for (const char* key : {"against_paper", "against_reference"})
    if (m.contains(key)) verdicts.push_back(m[key]);
  return verdicts;
}

/// "1 of 3 seeds", where fewer were run than the table has.
inline std::string missing_seeds(const nlohmann::json& entry) {
  const std::size_t run = entry["runs"].size(), all = entry.value("seeds", run);
  if (entry["state"] != "done" || run >= all) return {};
  return std::to_string(run) + " of " + std::to_string(all) + " seeds";
}

/// "2048" trained at a time, and beside them "+ 59756 of the map": a map that was learned is not
/// free. Empty where it was not run.
inline std::string trained_count(const nlohmann::json& entry) {
  if (!entry.contains("trainable_params")) return {};
  std::string text = std::to_string(entry["trainable_params"].get<std::size_t>());
  if (entry.contains("map_values"))
    text += " + " + std::to_string(entry["map_values"].get<std::size_t>()) + " of the map";
  return text;
}

/// "480000 samples, 38 s": what went through the network and back to learn a map, and how long that
/// took, the mean over the seeds. Empty where none was learned.
inline std::string learned_from(const nlohmann::json& entry) {
  if (!entry.contains("map_samples")) return {};
  std::string text = std::to_string(entry["map_samples"].get<std::size_t>()) + " samples";
  double seconds = 0, runs = 0;
  for (const nlohmann::json& run : entry["runs"])
    if (run.contains("result") && run["result"].contains("map_seconds")) {
      seconds += run["result"]["map_seconds"].get<double>();
      ++runs;
    }
  return runs == 0 ? text : text + fmt::format(", {:.0f} s", seconds / runs);
}

/// "91.00 (90.00 to 92.00)"; "91.00 (1 seed)".
inline std::string spread(const Metric& metric, const nlohmann::json& holder, const char* key) {
  if (!holder.contains(key)) return {};
  const nlohmann::json& s = holder[key];
  const std::string mean = figure_of(metric, s, "mean");
  if (s["n"].get<int>() < 2) return mean + " (1 seed)";
  return mean + " (" + figure_of(metric, s, "min") + " to " + figure_of(metric, s, "max") + ")";
}

}  // namespace mapnet
