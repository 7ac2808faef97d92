#include "harness/trajectory/pictures.hpp"

#include <fmt/core.h>

#include "harness/gnuplot.hpp"
#include "harness/picture_parts.hpp"
#include "harness/report_figures.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// A row and its first run's trajectory.
struct Way {
  std::string row;
  const json* trajectory;
};

std::vector<Way> ways_of(const json& report) {
  std::vector<Way> ways;
  for (const json& entry : report["entries"])
    if (!is_outdated(entry) && !entry["runs"].empty() && entry["runs"][0].contains("trajectory"))
      ways.push_back({entry["row"], &entry["runs"][0]["trajectory"]});
  return ways;
}

constexpr const char* kPanel =
    "set border 3 lc rgb 'black' lw 0.6\n"
    "set tics nomirror font ',7'\n"
    "set xtics autofreq\n"
    "set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05\n"
    "unset key\nunset colorbox\n";

PlotLine series_of(const json& layer) {
  PlotLine s{layer["layer"], {}};
  for (std::size_t i = 0; i < layer["x"].size(); ++i)
    s.points.emplace_back(layer["x"][i].get<double>(), layer["y"][i].get<double>());
  return s;
}

std::string percent(const json& share) { return fmt::format("{:.1f}%", 100 * share.get<double>()); }

/// A layer's way in its own plane, from blue to orange.
std::string panel_of_layer(const std::string& title, const json& layer) {
  const PlotLine way = series_of(layer);
  std::string coloured;
  for (std::size_t i = 0; i < way.points.size(); ++i)
    coloured += fmt::format("{} {} {}\n", way.points[i].first, way.points[i].second, i);
  return fmt::format(
      "set title {}\nset xlabel 'first: {}' font ',9' offset 0,0.6\nset ylabel 'second: {}' font "
      "',9' offset 1.5,0\nplot '-' using 1:2 with lines lc rgb '#888888' lw 0.6, '-' using 1:2:3 "
      "with points pt 7 ps 0.35 lc palette\n{}{}e\n",
      gnuplot_text(title), percent(layer["shares"][0]), percent(layer["shares"][1]), block(way),
      coloured);
}

std::string picture_of_layers(const std::vector<Way>& ways) {
  std::string script =
      fmt::format("{}set palette defined (0 '#0072b2', 1 '#e69f00')\nset multiplot layout {},{}\n",
                  kPanel, ways.size(), (*ways[0].trajectory)["layers"].size());
  for (const Way& way : ways)
    for (const json& layer : (*way.trajectory)["layers"])
      script += panel_of_layer(way.row + ": " + layer["layer"].get<std::string>(), layer);
  return draw(script + "unset multiplot\n", 1080, 260 * static_cast<int>(ways.size()));
}

/// All layers of a row in one plane, a colour each; a ring where training begins.
std::string panel_of_space(const Way& way, const std::string& space) {
  std::string plots, data;
  std::size_t i = 0;
  for (const json& layer : (*way.trajectory)[space]["layers"]) {
    const PlotLine all = series_of(layer), first{all.title, {all.points.front()}};
    plots += fmt::format(
        "{}'-' using 1:2 with linespoints pt 7 ps 0.35 lw 0.6 lc rgb '{}' title {}, '-' using 1:2 "
        "with points pt 6 ps 1.4 lw 1.5 lc rgb '{}' notitle",
        i == 0 ? "" : ", ", colour(i), gnuplot_text(all.title), colour(i));
    data += block(all) + block(first);
    ++i;
  }
  return fmt::format("set title {}\nplot {}\n{}", gnuplot_text(way.row), plots, data);
}

std::string picture_of_space(const std::vector<Way>& ways, const std::string& space) {
  std::string script =
      fmt::format("{}set key outside bottom center horizontal\nset multiplot layout 1,{}\n", kPanel,
                  ways.size());
  for (const Way& way : ways) script += panel_of_space(way, space);
  return draw(script + "unset multiplot\n", 1080, 460);
}

/// The shares of the first components together, a line a layer; a random walk's for comparison.
std::string panel_of_shares(const Way& way) {
  std::string plots, data;
  std::size_t i = 0;
  const auto add = [&](const json& layer, const std::string& title, const std::string& style) {
    PlotLine sums{title, {}};
    double sum = 0;
    for (const json& share : layer["shares"]) {
      sum += 100 * share.get<double>();
      sums.points.emplace_back(static_cast<double>(sums.points.size() + 1), sum);
    }
    plots += fmt::format("{}'-' using 1:2 with linespoints pt 7 ps 0.4 {} title {}",
                         plots.empty() ? "" : ", ", style, gnuplot_text(title));
    data += block(sums);
  };
  for (const json& layer : (*way.trajectory)["layers"]) {
    add(layer, layer["layer"], fmt::format("lw 1.4 lc rgb '{}'", colour(i)));
    ++i;
  }
  add((*way.trajectory)["random_walk"], "random walk", "lw 1 dt 2 lc rgb '#888888'");
  return fmt::format(
      "set title {}\nset xlabel 'principal components'\nset ylabel 'variance (%)'\nset yrange "
      "[50:100]\nplot {}\n{}",
      gnuplot_text(way.row), plots, data);
}

std::string picture_of_shares(const std::vector<Way>& ways) {
  std::string script = fmt::format(
      "{}set key bottom right\nset xtics 1\nset grid ytics lc rgb '#888888' lw 0.4 dt 3\n"
      "set offsets 0, 0, 0, 0\nset multiplot layout 1,{}\n",
      kPanel, ways.size());
  for (const Way& way : ways) script += panel_of_shares(way);
  return draw(script + "unset multiplot\n", 1080, 400);
}

}  // namespace

std::vector<NamedPicture> pictures_of_trajectories(const json& report) {
  const std::vector<Way> ways = ways_of(report);
  if (ways.empty()) return {};
  return {
      {"layers",
       "Each layer's weights in the plane of their own first two principal components, with these "
       "components' shares of the variance; from blue, where training begins, to orange.",
       picture_of_layers(ways)},
      {"pca",
       "All layers in one space (each in its own mean length), its first two principal components; "
       "a ring where training begins.",
       picture_of_space(ways, "pca")},
      {"tsne", "The same points by t-SNE.", picture_of_space(ways, "tsne")},
      {"shares",
       "What the first components have of the variance together. A random walk in very many "
       "dimensions has large first components, too: the dashed line.",
       picture_of_shares(ways)}};
}

}  // namespace mapnet
