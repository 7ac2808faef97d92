#include "harness/report_columns.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "common/bytes.hpp"
#include "harness/report_figures.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// A line of the table: a metric of an entry.
struct Line {
  const json& report;
  const json& entry;
  const json& m;
  const Metric& metric;
};

std::string data_of(const Line& line) {
  const std::string data = line.entry["data"];
  if (!line.entry.contains("stand_in_for")) return data;
  return data + " (stand-in for " + line.entry["stand_in_for"].get<std::string>() + ")";
}

std::string verdict_line(const json& entry, const json& m) {
  std::vector<std::string> parts = verdicts_of(entry, m);
  parts.push_back(missing_seeds(entry));
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  return text;
}

/// A reference that the same version was locked with says no more than the figure itself.
std::string reference_of(const Line& line) {
  if (!line.m.contains("reference")) return {};
  const json& reference = line.m["reference"];
  const std::string mean = figure_of(line.metric, reference, "mean");
  const bool same = line.m.contains("test") &&
                    figure_of(line.metric, line.m["test"], "mean") == mean &&
                    commit_of(line.entry.value("version", "")) == reference.value("commit", "?");
  return same ? mean + " (same version)" : mean;
}

/// "2.03 (paper 1.79)"; the paper's training accuracy is of its first metric.
std::string drop_of(const Line& line) {
  const std::string ours = figure_of(line.metric, line.m, "train_test_drop");
  if (!line.entry.contains("paper_train") || !line.m.contains("paper") ||
      &line.m != &line.entry["metrics"][0])
    return ours;
  const double papers =
      lead(line.metric, line.entry["paper_train"].get<double>(), line.m["paper"].get<double>());
  return fmt::format("{}{}paper {}{}", ours, ours.empty() ? "" : " (",
                     format_figure(line.metric, papers), ours.empty() ? "" : ")");
}

/// Planned, whether or not it was run.
std::string arena_of(const json& entry) {
  if (entry.contains("plan")) return format_bytes(entry["plan"]["total_bytes"].get<std::size_t>());
  return entry.contains("arena_bytes") ? format_bytes(entry["arena_bytes"].get<std::size_t>())
                                       : std::string();
}

std::string count_of(const json& entry, const char* key) {
  return entry.contains(key) ? std::to_string(entry[key].get<std::size_t>()) : std::string();
}

std::string seconds_of(const json& entry) {
  return entry.contains("seconds") ? fmt::format("{:.0f}", entry["seconds"]["mean"].get<double>())
                                   : std::string();
}

std::string machine_of(const json& entry) {
  if (!entry.contains("device")) return {};
  return entry["device"].get<std::string>() + ", mapnet " + entry.value("version", "");
}

std::vector<std::string> machines(const json& report) {
  std::vector<std::string> all;
  for (const json& entry : report["entries"]) {
    const std::string machine = machine_of(entry);
    if (!machine.empty() && std::ranges::find(all, machine) == all.end()) all.push_back(machine);
  }
  return all;
}

/// "a" to "z", "aa" ...
std::string letter(std::size_t index) {
  const std::string last(1, static_cast<char>('a' + index % 26));
  return index < 26 ? last : letter(index / 26 - 1) + last;
}

std::string machine_letter(const Line& line) {
  const std::vector<std::string> all = machines(line.report);
  const auto found = std::ranges::find(all, machine_of(line.entry));
  return found == all.end() ? std::string() : letter(static_cast<std::size_t>(found - all.begin()));
}

/// Ours beyond the paper that stand beside a line of the paper's, a line of text each of `field`.
std::string beyond_of(const Line& line, std::string (*field)(const Line&)) {
  std::string text;
  bool first = true;
  for (const json& other : line.report["entries"]) {
    if (!is_beyond(other, line.entry)) continue;
    text += first ? "" : "\n";
    first = false;
    for (const json& m : other["metrics"])
      if (m["metric"] == line.m["metric"]) text += field({line.report, other, m, line.metric});
  }
  return text;
}

struct Kind {
  const char* head;
  std::string (*cell)(const Line&);
  bool verdicts = false;
};

std::string row_of(const Line& l) { return l.entry["row"]; }
std::string ours_of(const Line& l) { return spread(l.metric, l.m, "test"); }
std::string verdict_of(const Line& l) { return verdict_line(l.entry, l.m); }
std::string trained_of(const Line& l) { return trained_count(l.entry); }
std::string learned_of(const Line& l) { return learned_from(l.entry); }

constexpr Kind kKinds[] = {
    {"row", [](const Line& l) { return row_name(l.entry); }},
    {"method", [](const Line& l) { return l.entry["method"].get<std::string>(); }},
    {"data", data_of},
    {"metric", [](const Line& l) { return std::string(l.metric.name); }},
    {"paper", [](const Line& l) { return figure_of(l.metric, l.m, "paper"); }},
    {"ours", ours_of},
    {"gap", [](const Line& l) { return gap_of(l.metric, l.m); }},
    {"verdict", verdict_of, true},
    {"reference", reference_of},
    {"test worse by", drop_of},
    {"repeating the last value",
     [](const Line& l) { return figure_of(l.metric, l.entry, "persistence_mse_test"); }},
    {"trained", trained_of},
    {"map learned from", learned_of},
    {"target", [](const Line& l) { return count_of(l.entry, "target_params"); }},
    {"seconds", [](const Line& l) { return seconds_of(l.entry); }},
    {"arena", [](const Line& l) { return arena_of(l.entry); }},
    {"on", machine_letter},
};

// Of ours beyond the paper, beside a line of the paper's.
constexpr Kind kBeyond[] = {
    {"beyond the paper", row_of},         {"its figure", ours_of},
    {"its verdict", verdict_of, true},    {"trained at a time", trained_of},
    {"its map learned from", learned_of}, {"it ran on", machine_letter},
};

/// A cell each of the report's lines, of which those beside another have none.
Column column_of(const json& report, const Kind& kind, bool beyond) {
  Column column{kind.head, kind.verdicts, {}};
  for (const json& entry : report["entries"]) {
    if (stands_beside(report, entry)) continue;
    for (const json& m : entry["metrics"]) {
      const Line line{report, entry, m, *find_metric(m["metric"])};
      column.cells.push_back(beyond ? beyond_of(line, kind.cell) : kind.cell(line));
    }
  }
  return column;
}

bool says_something(const Column& column) {
  return std::ranges::any_of(column.cells, [](const std::string& cell) {
    return cell.find_first_not_of('\n') != std::string::npos;
  });
}

std::string tolerance_of(const Metric& metric, double tolerance) {
  if (metric.relative) return fmt::format("{:.0f}%", 100 * tolerance);
  return format_figure(metric, tolerance) + (metric.scale == 100 ? " points" : "");
}

/// "0.50 points of accuracy, 10% of mse"
std::string tolerances(const json& report) {
  std::string text;
  for (const auto& [name, tolerance] : report["tolerance"].items())
    if (const Metric* metric = find_metric(name))
      text += (text.empty() ? "" : ", ") + tolerance_of(*metric, tolerance.get<double>()) + " of " +
              name;
  return text;
}

}  // namespace

std::vector<Column> columns_of(const json& report) {
  std::vector<Column> columns;
  for (const Kind& kind : kKinds) columns.push_back(column_of(report, kind, false));
  for (const Kind& kind : kBeyond) columns.push_back(column_of(report, kind, true));
  std::erase_if(columns, [](const Column& column) { return !says_something(column); });
  return columns;
}

std::string legend_of(const json& report, const std::vector<Column>& columns) {
  const auto has = [&](const char* head) {
    return std::ranges::find(columns, head, &Column::head) != columns.end();
  };
  std::string text =
      "Figures of the last epoch on the test samples: the mean over seeds (smallest to largest), "
      "or of one seed, as it says.";
  if (has("gap") && !report.value("quick", false))
    text += " Reproduced: within " + tolerances(report) +
            " of the paper's figure; exceeded, not reached: better, worse by more than that.";
  if (has("reference"))
    text +=
        " Reference: what was locked; held: no worse than it less its tolerance; improved, "
        "regressed: better, worse by more than that. Same version: locked by the version that ran "
        "now, with this very figure, of which it says no more.";
  if (has("test worse by"))
    text += " Test worse by: than the training samples' figure, in the last epoch.";
  if (has("repeating the last value"))
    text += " Repeating the last value: the error of the forecast that nothing changes.";
  if (has("map learned from") || has("its map learned from"))
    text +=
        " A learned map is not free: beside the values that are trained stand those that it "
        "stores, the samples that went through the network and back to learn it, and the seconds: "
        "before the training and, where it is refreshed, also within it.";
  return text;
}

std::vector<std::string> machines_of(const json& report) {
  std::vector<std::string> all = machines(report);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = letter(i) + ": " + all[i];
  return all;
}

std::vector<std::string> notes_of(const json& report) {
  std::vector<std::string> notes;
  const auto add = [&](const std::string& note) {
    if (std::ranges::find(notes, note) == notes.end()) notes.push_back(note);
  };
  for (const json& entry : report["entries"]) {
    const std::string row = entry["row"], data = entry["data"];
    if (entry.contains("note")) add(row + ": " + entry["note"].get<std::string>());
    if (entry.contains("message"))
      add(row + ", " + data + ": " + entry["message"].get<std::string>());
  }
  return notes;
}

std::vector<std::string> verdict_parts(const std::string& line) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find("; ", at), line.size());
    if (end > at) parts.push_back(line.substr(at, end - at));
    at = end + 2;
  }
  return parts;
}

}  // namespace mapnet
