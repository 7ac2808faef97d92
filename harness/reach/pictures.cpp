#include "harness/reach/pictures.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "harness/gnuplot.hpp"
#include "harness/picture_parts.hpp"
#include "harness/reach/reach.hpp"
#include "harness/report_figures.hpp"
#include "harness/text_table.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// Percentages by the logarithm of what is left to 100: 99.1 and 98.4 lie as far apart as 91
/// and 84.
struct PercentAxis {
  static constexpr double kLeast = 0.01;  ///< left to 100; closer is drawn there
  static double left(double percent) { return std::max(100 - percent, kLeast); }

  /// For figures down to `least` left.
  static std::string script(double least) {
    std::string tics;
    for (const double tic : {0.0, 50.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9})
      tics += fmt::format("{}'{}' {}", tics.empty() ? "" : ", ", tic, left(tic));
    return fmt::format("set logscale y 10\nset yrange [100:{}]\nset ytics ({})\n", least / 1.5,
                       tics);
  }
};

/// A gnuplot script that grows by methods. Those tried with several counts are lines; those with
/// one are open symbols. What trains `most_trained` or more is no saving and not drawn.
class Picture {
 public:
  Picture(const Metric& metric, std::size_t most_trained)
      : metric_(metric), most_trained_(most_trained) {}

  void add(const Reach& reach) {
    PlotLine series{reach.method, {}};
    for (const Reach::Point& p : reach.points)
      if (p.trained < most_trained_)
        series.points.emplace_back(static_cast<double>(p.trained), height(p.mean));
    if (series.points.empty()) return;
    for (const auto& [trained, drawn] : series.points) least_ = std::min(least_, drawn);
    add_plot("'-' using 1:2", series.points.size() > 1 ? next_line() : next_symbol(), reach.method);
    points_ += block(series);
  }

  void add_baseline(const std::string& title, double figure) {
    least_ = std::min(least_, height(figure));
    add_plot(fmt::format("{}", height(figure)), "lines dt 2 lw 1 lc rgb 'black'", title);
    add_plot(fmt::format("{}", height(least_near(metric_, figure))),
             "lines dt 3 lw 1 lc rgb 'black'", fmt::format("{:.0f}% of it", 100 * kReach));
  }

  bool empty() const { return points_.empty(); }

  std::string drawn() const {
    const std::string key =
        "set key outside bottom center horizontal Left reverse font ',8' samplen 2 width -9 "
        "maxcols 2\n";
    return draw(
        fmt::format("{}{}set logscale x 2\nset xlabel \"trained values\\n \" offset 0,0.4\n"
                    "set ylabel {}\n{}plot {}\n{}",
                    kStyle, is_percent() ? PercentAxis::script(least_) : "set logscale y 10\n",
                    gnuplot_text(label_of(metric_)), key, plots_, points_),
        720, 420 + 14 * ((titles_ + 1) / 2));
  }

 private:
  bool is_percent() const { return metric_.scale == 100; }
  double height(double figure) const { return is_percent() ? PercentAxis::left(figure) : figure; }

  std::string next_line() {
    return fmt::format("linespoints pt 7 ps 0.6 lw 1.6 lc rgb '{}'", colour(lines_++));
  }

  /// Six open symbols, then the same in another colour.
  std::string next_symbol() {
    const int round = symbols_ / 6, type = 4 + 2 * (symbols_ % 6);
    ++symbols_;
    return fmt::format("points pt {} ps 1.1 lw 1.4 lc rgb '{}'", type,
                       round == 0 ? "#888888" : colour(std::size(kColours) - round));
  }

  void add_plot(const std::string& what, const std::string& style, const std::string& title) {
    plots_ += fmt::format("{}{} with {} title {}", plots_.empty() ? "" : ", ", what, style,
                          gnuplot_text(title));
    ++titles_;
  }

  const Metric& metric_;
  const std::size_t most_trained_;
  std::string plots_, points_;
  std::size_t lines_ = 0;
  int symbols_ = 0, titles_ = 0;
  double least_ = 100;  ///< of the heights, for a percentage
};

std::string picture(const json& report, const std::string& data, const std::vector<Reach>& all) {
  const std::optional<Baseline> baseline = baseline_of(report, data);
  Picture picture(leading_metric(report),
                  baseline ? baseline->trained : std::numeric_limits<std::size_t>::max());
  for (const Reach& reach : all)
    if (reach.data == data) picture.add(reach);
  if (picture.empty()) return "";
  if (baseline) picture.add_baseline(report["baseline"].get<std::string>(), baseline->mean);
  return picture.drawn();
}

}  // namespace

std::vector<NamedPicture> pictures_of_reaches(const json& report) {
  std::vector<NamedPicture> pictures;
  const std::vector<Reach> all = reaches(report);
  for (const Reach& reach : all) {
    const std::string& data = reach.data;
    if (std::ranges::find(pictures, data, &NamedPicture::name) != pictures.end()) continue;
    std::string svg = picture(report, data, all);
    if (svg.empty()) continue;
    pictures.push_back(
        {data,
         "On " + escaped(data) +
             ": test samples against values that are trained, the mean of all seeds.",
         std::move(svg)});
  }
  return pictures;
}

}  // namespace mapnet
