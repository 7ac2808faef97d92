#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/metric.hpp"

/// What gnuplot scripts of several pictures are made of.
namespace mapnet {

/// Colours that can be told apart on white and on black, also by most who see few colours.
inline constexpr const char* kColours[] = {"#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00",
                                           "#56b4e9", "#8c6d31", "#999999", "#882255", "#332288"};

inline const char* colour(std::size_t i) { return kColours[i % std::size(kColours)]; }

inline constexpr const char* kStyle =
    "set border 3 lc rgb 'black' lw 0.8\n"
    "set tics nomirror\n"
    "set grid ytics lc rgb '#888888' lw 0.4 dt 3\n"
    "set key outside right top\n";

/// "accuracy (%)"
inline std::string label_of(const Metric& metric) {
  return std::string(metric.name) + (metric.scale == 100 ? " (%)" : "");
}

struct PlotLine {
  std::string title;
  std::vector<std::pair<double, double>> points;
};

/// One block of data for gnuplot's '-'.
inline std::string block(const PlotLine& series) {
  std::string text;
  for (const auto& [x, y] : series.points) text += fmt::format("{} {}\n", x, y);
  return text + "e\n";
}

}  // namespace mapnet
