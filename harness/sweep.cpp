#include "harness/sweep.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace mapnet {

namespace {

/// More are a mistake: they would be trained one after another.
constexpr std::size_t kMostPoints = 10000;

/// A setting's values: a list is one value each; a list within it is one value of several words.
std::vector<Settings> choices(TomlReader grid, const std::string& key) {
  const toml::node& node = *grid.take(key);
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
    for (const Settings& change : changes) {
      Settings both = point;
      for (const auto& [key, words] : change) both[key] = words;
      all.push_back(both);
    }
  return all;
}

}  // namespace

Table read_sweep(const std::filesystem::path& file) {
  const toml::table root = parse_toml(file);
  TomlReader reader(root, file.string(), "sweep");
  const auto base_table = reader.table("settings");
  const Settings base = base_table ? read_settings(*base_table) : Settings();
  std::vector<Settings> changes = {{}};
  const std::vector<TomlReader> points = reader.tables("points");
  if (!points.empty()) {
    changes.clear();
    for (const TomlReader& point : points) changes.push_back(read_settings(point));
  }
  if (auto grid = reader.table("grid"))
    for (const std::string& key : grid->keys()) {
      const std::vector<Settings> values = choices(*grid, key);
      if (changes.size() * values.size() > kMostPoints)
        fail("{}: more than {} points", file.string(), kMostPoints);
      changes = combined(changes, values);
    }
  Table table;
  table.file = file;
  table.id = file.stem().string();
  table.seeds = reader.seeds("seeds");
  if (table.seeds.empty()) table.seeds = {1};
  reader.finish();
  for (const Settings& change : changes) {
    Entry entry;
    entry.settings = merged(base, change);
    const auto validation = entry.settings.find("validation");
    if (validation == entry.settings.end() || validation->second == std::vector<std::string>{"0"})
      fail(
          "{}: a point without 'validation': set training samples aside to judge it by, as "
          "settings.validation = 10000",
          file.string());
    const auto data = entry.settings.find("data");
    entry.data = data == entry.settings.end() ? "fashion-mnist" : data->second.at(0);
    Row row;
    row.name = fmt::format("point{:05}", table.rows.size());
    row.seeds = table.seeds;
    row.entries.push_back(entry);
    table.rows.push_back(row);
  }
  return table;
}

std::string sweep_lines(const Campaign& campaign) {
  struct Line {
    double key;  // less is better
    nlohmann::json json;
  };
  std::vector<Line> lines;
  for (const ChosenEntry& entry : campaign.entries)
    for (const SeedRun& run : entry.runs) {
      if (!run.done) continue;
      nlohmann::json json = {{"point", entry.row->name},
                             {"settings", command_line(words_of(entry.entry->settings))},
                             {"seed", run.seed},
                             {"seconds", run.result.value("seconds", 0.0)}};
      for (const auto& [key, value] : run.result.items())
        if (key.starts_with("validation_")) json[key] = value;
      const bool forecast = json.contains("validation_mse");
      const nlohmann::json& figure = json[forecast ? "validation_mse" : "validation_accuracy"];
      // A run that diverged has no figure, and is last.
      const double value = figure.is_number() ? figure.get<double>() : forecast ? 1e30 : -1;
      lines.push_back({forecast ? value : -value, json});
    }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.key < b.key; });
  std::string text;
  for (const Line& line : lines) text += line.json.dump() + "\n";
  return text;
}

}  // namespace mapnet
