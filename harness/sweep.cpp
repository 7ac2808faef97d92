#include "harness/sweep.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "common/error.hpp"
#include "common/file.hpp"
#include "data/sha256.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// More are a mistake: they would be trained one after another.
constexpr std::size_t kMostPoints = 10000;

/// A setting's values: a list is one value each; a list within it is one value of several words.
std::vector<Settings> choices(TomlReader grid, const std::string& key, const HasFlag& has_flag) {
  const toml::node& node = *grid.take(key);
  require_flag(grid, node, key, has_flag);
  const toml::array* values = node.as_array();
  if (!values || values->empty()) grid.wrong(node, key, "a list of values");
  std::vector<Settings> all;
  for (const toml::node& value : *values) {
    toml::table one;
    value.visit([&](auto&& concrete) { one.insert(key, concrete); });
    all.push_back(read_settings(TomlReader(one, grid.place(node), grid.at())));
  }
  return all;
}

/// Every way to change `points` by one of `changes`.
std::vector<Settings> combined(const std::vector<Settings>& points,
                               const std::vector<Settings>& changes) {
  std::vector<Settings> all;
  for (const Settings& point : points)
    for (const Settings& change : changes) all.push_back(merged(point, change));
  return all;
}

/// By its settings, whatever stands beside it in the file: its runs are found again when the sweep
/// grows, and another sweep of the same name has others.
std::string point_name(const Settings& point) {
  constexpr std::size_t kDigits = 12;
  return sha256_of_text(command_line(words_of(point))).substr(0, kDigits);
}

/// What of a line says which run it is of.
json name_of_run(const ChosenEntry& entry, const SeedRun& run) {
  return {{"point", entry.row->name},
          {"settings", command_line(words_of(entry.entry->settings))},
          {"seed", run.seed}};
}

json line_of(const ChosenEntry& entry, const SeedRun& run) {
  json line = name_of_run(entry, run);
  line["seconds"] = run.result.value("seconds", 0.0);
  for (const auto& [key, value] : run.result.items())
    if (key.starts_with("validation_")) line[key] = value;
  return line;
}

bool is_line(const json& line) {
  return line.is_object() && line.value("settings", json()).is_string() &&
         line.value("seed", json()).is_number_integer();
}

bool have_same_run(const json& a, const json& b) {
  return a["settings"] == b["settings"] && a["seed"] == b["seed"];
}

/// Takes the figures out of a line whose run has failed since.
void set_aside_figures(json& line, const std::string& why) {
  json earlier = line.value("earlier", json::object());
  const json whole = line;
  for (const auto& [key, value] : whole.items()) {
    if (!key.starts_with("validation_") && key != "seconds") continue;
    earlier[key] = value;
    line.erase(key);
  }
  line["earlier"] = earlier;
  line["failed"] = why;
}

/// Less is better. A run that diverged has no figure, and is last.
double rank_of(const json& line) {
  const bool forecast = line.contains("validation_mse");
  const json figure = line.value(forecast ? "validation_mse" : "validation_accuracy", json());
  const double value = figure.is_number() ? figure.get<double>() : forecast ? 1e30 : -1;
  return forecast ? value : -value;
}

}  // namespace

Table read_sweep(const std::filesystem::path& file, const HasFlag& has_flag) {
  const toml::table root = parse_toml(file);
  TomlReader reader(root, file.string(), "sweep");
  const auto base_table = reader.table("settings");
  const Settings base = base_table ? read_settings(*base_table, has_flag) : Settings();
  std::vector<Settings> changes = {{}};
  const std::vector<TomlReader> points = reader.tables("points");
  if (!points.empty()) {
    changes.clear();
    for (const TomlReader& point : points) changes.push_back(read_settings(point, has_flag));
  }
  if (auto grid = reader.table("grid"))
    for (const std::string& key : grid->keys()) {
      const std::vector<Settings> values = choices(*grid, key, has_flag);
      if (changes.size() * values.size() > kMostPoints)
        fail<UsageError>("{}: more than {} points", file.string(), kMostPoints);
      changes = combined(changes, values);
    }
  Table table;
  table.file = file;
  table.id = file.stem().string();
  table.seeds = reader.seeds("seeds");
  if (table.seeds.empty()) table.seeds = {1};
  reader.finish();
  std::set<std::string> names;  // points of the same settings are one
  for (const Settings& change : changes) {
    Entry entry;
    entry.settings = without_false(merged(base, change));
    const auto validation = entry.settings.find("validation");
    if (validation == entry.settings.end() || validation->second == std::vector<std::string>{"0"})
      fail<UsageError>(
          "{}: a point without 'validation': set training samples aside to judge it by, as "
          "settings.validation = 10000",
          file.string());
    const auto data = entry.settings.find("data");
    entry.data = data == entry.settings.end() || data->second.empty() ? "fashion-mnist"
                                                                      : data->second.front();
    Row row;
    row.name = point_name(entry.settings);
    if (!names.insert(row.name).second) continue;
    row.seeds = table.seeds;
    row.entries.push_back(entry);
    table.rows.push_back(row);
  }
  return table;
}

std::vector<json> read_sweep_lines(const std::filesystem::path& file) {
  std::vector<json> lines;
  std::error_code ec;
  if (!std::filesystem::exists(file, ec)) return lines;
  std::istringstream text(read_file(file));
  std::size_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.empty()) continue;
    lines.push_back(json::parse(line, nullptr, false));
    if (!is_line(lines.back()))
      fail<UsageError>(
          "{}:{}: expected a run of a sweep, with its settings and seed, found something else; "
          "give another --out",
          file.string(), number);
  }
  return lines;
}

std::vector<json> without_failed(const Campaign& campaign, std::vector<json> lines) {
  for (const ChosenEntry& entry : campaign.entries) {
    const auto began = [](const SeedRun& run) { return run.begun && !run.done; };
    if (entry.state != EntryState::failed || std::ranges::none_of(entry.runs, began)) continue;
    for (const SeedRun& run : entry.runs) {
      if (run.done) continue;
      const json name = name_of_run(entry, run);
      for (json& line : lines)
        if (have_same_run(line, name)) set_aside_figures(line, entry.message);
    }
  }
  return lines;
}

std::string sweep_lines(const Campaign& campaign, const std::vector<json>& before) {
  std::vector<json> now;
  for (const ChosenEntry& entry : campaign.entries)
    for (const SeedRun& run : entry.runs)
      if (run.done) now.push_back(line_of(entry, run));
  std::ranges::stable_sort(now, {}, rank_of);
  std::vector<json> lines = now;
  for (const json& line : before)
    if (std::ranges::none_of(now, [&](const json& run) { return have_same_run(run, line); }))
      lines.push_back(line);
  std::string text;
  for (const json& line : lines) text += line.dump() + "\n";
  return text;
}

}  // namespace mapnet
