#include "harness/pictures.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "harness/gnuplot.hpp"
#include "harness/metric.hpp"
#include "harness/picture_parts.hpp"
#include "harness/report_figures.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

const json* first_metric(const json& entry) {
  return entry["metrics"].empty() ? nullptr : &entry["metrics"][0];
}

std::string label_of(const Metric& metric, const std::string& split) {
  return gnuplot_text(label_of(metric) + ", " + split);
}

std::string name_of(const json& entry, bool with_data) {
  std::string name = entry["row"];
  if (with_data) name += " " + entry["data"].get<std::string>();
  return name;
}

bool several_data_sets(const json& report) {
  for (const json& entry : report["entries"])
    if (entry["data"] != report["entries"][0]["data"]) return true;
  return false;
}

/// The count as the paper prints it, where it is a number.
std::optional<double> printed_count(const json& entry) {
  std::string digits = entry["params"];
  std::erase(digits, ',');
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stod(digits);
}

}  // namespace

std::string picture_of_counts(const json& report) {
  struct Points {
    PlotLine paper, ours, beyond;
  };
  std::map<std::string, Points> by_data;
  for (const json& entry : report["entries"]) {
    const json* m = first_metric(entry);
    if (!m) continue;
    auto& [paper, ours, beyond] = by_data[entry["data"]];
    if (const auto count = printed_count(entry); count && m->contains("paper"))
      paper.points.emplace_back(*count, (*m)["paper"].get<double>());
    if (m->contains("test") && !is_outdated(entry))
      (entry.contains("beyond") ? beyond : ours)
          .points.emplace_back(entry["trainable_params"].get<double>(),
                               (*m)["test"]["mean"].get<double>());
  }
  std::string plots, data;
  std::size_t i = 0;
  for (const auto& [name, series] : by_data) {
    for (const auto& [points, who, symbol] :
         {std::tuple(&series.paper, "paper", 6), std::tuple(&series.ours, "ours", 7),
          std::tuple(&series.beyond, "beyond the paper", 9)}) {
      if (points->points.empty()) continue;
      plots += fmt::format("{}'-' using 1:2 with points pt {} ps 0.8 lc rgb '{}' title {}",
                           plots.empty() ? "" : ", ", symbol, colour(i),
                           gnuplot_text(name + ", " + who));
      data += block(*points);
    }
    ++i;
  }
  if (plots.empty()) return {};
  const Metric& metric = leading_metric(report);
  return draw(fmt::format(
      "{}set logscale x\n{}set xlabel 'trained values'\nset ylabel {}\nplot {}\n{}", kStyle,
      metric.relative ? "set logscale y\n" : "", label_of(metric, "test samples"), plots, data));
}

std::string picture_of_training(const json& report) {
  const bool with_data = several_data_sets(report);
  std::string plots, data;
  std::size_t i = 0;
  for (const json& entry : report["entries"]) {
    const json* m = first_metric(entry);
    if (!m || is_outdated(entry) || entry["runs"].empty() || !entry["runs"][0].contains("epochs"))
      continue;
    const Metric& metric = *find_metric((*m)["metric"]);
    const std::string key = "train_" + std::string(metric.name);
    PlotLine series{name_of(entry, with_data), {}};
    for (const json& epoch : entry["runs"][0]["epochs"])
      if (epoch.contains(key) && epoch[key].is_number())
        series.points.emplace_back(epoch["epoch"].get<double>(),
                                   metric.scale * epoch[key].get<double>());
    if (series.points.size() < 2) continue;
    plots += fmt::format("{}'-' using 1:2 with lines lw 1.6 dt {} lc rgb '{}' title {}",
                         plots.empty() ? "" : ", ", i / std::size(kColours) + 1, colour(i),
                         gnuplot_text(series.title));
    data += block(series);
    ++i;
  }
  if (plots.empty()) return {};
  const Metric& metric = leading_metric(report);
  return draw(fmt::format("{}{}set xlabel 'epoch'\nset ylabel {}\nset key font ',9'\nplot {}\n{}",
                          kStyle, metric.relative ? "set logscale y\n" : "",
                          label_of(metric, "training samples"), plots, data));
}

std::string picture_of_drop(const json& report) {
  const bool with_data = several_data_sets(report);
  std::string data, labels;
  std::size_t n = 0;
  for (const json& entry : report["entries"]) {
    const json* m = first_metric(entry);
    if (!m || is_outdated(entry) || !m->contains("train_test_drop")) continue;
    data += fmt::format("{} {}\n", n, (*m)["train_test_drop"].get<double>());
    labels +=
        fmt::format("{}{} {}", n == 0 ? "" : ", ", gnuplot_text(name_of(entry, with_data)), n);
    ++n;
  }
  if (n == 0) return {};
  return draw(fmt::format(
      "{}set key off\nset style fill solid 0.8 noborder\nset boxwidth 0.6\n"
      "set xtics rotate by -50 font ',9' ({})\nset xrange [-0.6:{}.6]\nset xzeroaxis lc rgb "
      "'black'\nset yrange [*<0:0<*]\nset format y '%g'\nset ylabel 'test worse by'\n"
      "plot '-' using 1:2 with boxes lc rgb '{}'\n{}e\n",
      kStyle, labels, n - 1, colour(1), data));
}

std::string picture_of_memory(const json& report) {
  const bool with_data = several_data_sets(report);
  std::vector<std::string> groups;
  for (const json& entry : report["entries"])
    if (entry.contains("plan"))
      for (const auto& [group, bytes] : entry["plan"]["peak_bytes"].items())
        if (std::find(groups.begin(), groups.end(), group) == groups.end() &&
            bytes.get<double>() > 0)
          groups.push_back(group);
  std::string table, plots;
  std::size_t rows = 0;
  for (const json& entry : report["entries"]) {
    if (!entry.contains("plan")) continue;
    ++rows;
    table += gnuplot_text(name_of(entry, with_data));
    for (const std::string& group : groups)
      table += fmt::format(" {}", entry["plan"]["peak_bytes"].value(group, 0.0) / (1 << 20));
    table += "\n";
  }
  if (rows == 0) return {};
  for (std::size_t i = 0; i < groups.size(); ++i)
    plots += fmt::format("{}$memory using {}:xtic(1) lc rgb '{}' title {}", i == 0 ? "" : ", ",
                         i + 2, colour(i), gnuplot_text(groups[i]));
  return draw(
      fmt::format("{}set style data histogram\nset style histogram rowstacked\nset boxwidth 0.7\n"
                  "set style fill solid 0.85 noborder\nset xtics rotate by -50 font ',9'\n"
                  "set ylabel 'MiB at each group''s peak'\n$memory << EOD\n{}EOD\nplot {}\n",
                  kStyle, table, plots));
}

}  // namespace mapnet
