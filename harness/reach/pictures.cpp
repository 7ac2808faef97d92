#include "harness/reach/pictures.hpp"

#include <fmt/core.h>

#include "harness/gnuplot.hpp"
#include "harness/picture_parts.hpp"
#include "harness/reach/reach.hpp"
#include "harness/report_figures.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// Methods tried with several counts are lines; those with one are open symbols.
std::string picture(const json& report, const std::string& data, const std::vector<Reach>& all) {
  std::string plots, points;
  std::size_t line = 0, symbol = 0;
  for (const Reach& reach : all) {
    if (reach.data != data) continue;
    PlotLine series{reach.method, {}};
    for (const Reach::Point& p : reach.points)
      series.points.emplace_back(static_cast<double>(p.trained), p.mean);
    const bool several = series.points.size() > 1;
    const std::string style =
        several ? fmt::format("linespoints pt 7 ps 0.6 lw 1.6 lc rgb '{}'", colour(line++))
                : fmt::format("points pt {} ps 1.1 lw 1.4 lc rgb '#888888'", 4 + 2 * symbol++);
    plots += fmt::format("{}'-' using 1:2 with {} title {}", plots.empty() ? "" : ", ", style,
                         gnuplot_text(reach.method));
    points += block(series);
  }
  if (const auto baseline = baseline_of(report, data))
    for (const auto& [share, dash, title] :
         {std::tuple(1.0, 2, report["baseline"].get<std::string>()),
          std::tuple(kReach, 3, fmt::format("{:.0f}% of it", 100 * kReach))})
      plots += fmt::format(", {} with lines dt {} lw 1 lc rgb 'black' title {}", share * *baseline,
                           dash, gnuplot_text(title));
  return draw(
      fmt::format("{}set logscale x 2\nset xlabel 'trained values'\nset ylabel {}\n"
                  "set key outside bottom center horizontal Left reverse font ',9'\nplot {}\n{}",
                  kStyle, gnuplot_text(label_of(leading_metric(report))), plots, points),
      720, 560);
}

}  // namespace

std::vector<NamedPicture> pictures_of_reaches(const json& report) {
  std::vector<NamedPicture> pictures;
  const std::vector<Reach> all = reaches(report);
  for (const Reach& reach : all) {
    const std::string& data = reach.data;
    if (std::ranges::find(pictures, data, &NamedPicture::name) != pictures.end()) continue;
    pictures.push_back(
        {data,
         "On " + data + ": test samples against values that are trained, the mean of all seeds.",
         picture(report, data, all)});
  }
  return pictures;
}

}  // namespace mapnet
