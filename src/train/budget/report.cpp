#include "train/budget/report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/bytes.hpp"
#include "memory/svg_canvas.hpp"

namespace mapnet {

namespace {

std::string shown_flags(const BudgetSearch& s, const Candidate& c) {
  const std::string flags = c.flags(s.maps_differ);
  return flags.empty() ? "the whole batch, all in memory" : flags;
}

double times_the_fastest(const BudgetSearch& s, const Candidate& c) {
  return c.cost.seconds / s.candidates.front().cost.seconds;
}

/// From values that grow by factors to a stretch of the picture.
struct LogAxis {
  double low, high, from, to;
  double at(double value) const {
    return from + (to - from) * std::log(value / low) / std::log(high / low);
  }
};

}  // namespace

std::vector<std::size_t> worth_showing(const BudgetSearch& s) {
  std::vector<std::size_t> shown;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 0; i < s.candidates.size(); ++i) {
    const std::size_t bytes = s.candidates[i].total_bytes();
    if (bytes < least || s.chosen == i) shown.push_back(i);
    least = std::min(least, bytes);
  }
  return shown;
}

std::string budget_table(const BudgetSearch& s) {
  const std::vector<std::size_t> rows = worth_showing(s);
  std::size_t width = 0;
  for (const std::size_t i : rows) width = std::max(width, shown_flags(s, s.candidates[i]).size());
  std::string text = fmt::format("  {:<{}}  {:>10}  {:>10}  {:>10}  {:>9}\n", "schedule", width,
                                 "arena", "beside", "in all", "time");
  for (const std::size_t i : rows) {
    const Candidate& c = s.candidates[i];
    text += fmt::format("{} {:<{}}  {:>10}  {:>10}  {:>10}  {:>8.2f}x{}\n",
                        s.chosen == i ? '*' : ' ', shown_flags(s, c), width,
                        format_bytes(c.arena_bytes), format_bytes(c.beside_bytes),
                        format_bytes(c.total_bytes()), times_the_fastest(s, c),
                        c.total_bytes() > s.budget_bytes ? "  does not fit" : "");
  }
  text += fmt::format(
      "\n{} schedules in {:.2f} s; not shown: what takes more time and more memory "
      "than another\n",
      s.candidates.size(), s.seconds);
  if (!s.chosen) return text;
  const Candidate& c = s.best();
  return text + fmt::format("* runs in {}: {} of {}\n", format_bytes(s.budget_bytes),
                            shown_flags(s, c), format_bytes(c.total_bytes()));
}

nlohmann::json budget_json(const BudgetSearch& s) {
  const auto describe = [&](const Candidate& c) {
    return nlohmann::json{
        {"flags", c.flags(s.maps_differ)},          {"arena_bytes", c.arena_bytes},
        {"beside_arena_bytes", c.beside_bytes},     {"total_bytes", c.total_bytes()},
        {"model_seconds_per_step", c.cost.seconds}, {"flops_per_step", c.cost.flops},
        {"bytes_per_step", c.cost.bytes},           {"fits", c.total_bytes() <= s.budget_bytes}};
  };
  nlohmann::json json = {{"bytes", s.budget_bytes},
                         {"search_seconds", s.seconds},
                         {"smallest", describe(s.candidates[s.smallest])},
                         {"candidates", nlohmann::json::array()}};
  json["chosen"] = s.chosen ? describe(s.best()) : nlohmann::json();
  for (const Candidate& c : s.candidates) json["candidates"].push_back(describe(c));
  return json;
}

std::string budget_svg(const BudgetSearch& s) {
  constexpr double kWidth = 960, kHeight = 600, kLeft = 110, kRight = kWidth - 30, kTop = 80,
                   kBottom = kHeight - 60;
  double least = static_cast<double>(s.budget_bytes), most = least, slowest = 1;
  for (const Candidate& c : s.candidates) {
    least = std::min(least, static_cast<double>(c.total_bytes()));
    most = std::max(most, static_cast<double>(c.total_bytes()));
    slowest = std::max(slowest, times_the_fastest(s, c));
  }
  const LogAxis across{0.9, 1.25 * slowest, kLeft, kRight};
  const LogAxis up{0.8 * least, 1.25 * most, kBottom, kTop};
  SvgCanvas canvas;
  canvas.text(24, 36, "Memory of a training by its time a step", 20, SvgCanvas::Anchor::start,
              R"(font-weight="bold")");
  canvas.text(24, 58,
              fmt::format("{} schedules of this recipe; time by the cost model, the fastest "
                          "is 1",
                          s.candidates.size()),
              13, SvgCanvas::Anchor::start, R"(fill="#666666")");
  for (double tick = std::exp2(std::ceil(std::log2(up.low))); tick <= up.high; tick *= 2) {
    canvas.line(kLeft, up.at(tick), kRight, up.at(tick), R"(stroke="#DDDDDD")");
    canvas.text(kLeft - 8, up.at(tick) + 4, format_bytes(static_cast<std::size_t>(tick)), 11,
                SvgCanvas::Anchor::end);
  }
  for (double tick = 1; tick <= across.high; tick *= slowest < 3 ? 1.25 : 2) {
    canvas.line(across.at(tick), kTop, across.at(tick), kBottom, R"(stroke="#DDDDDD")");
    canvas.text(across.at(tick), kBottom + 18, fmt::format("{:.3g}x", tick), 11,
                SvgCanvas::Anchor::middle);
  }
  const double budget = up.at(static_cast<double>(s.budget_bytes));
  canvas.line(kLeft, budget, kRight, budget,
              R"(stroke="#000000" stroke-width="1.5" stroke-dasharray="8 5")");
  canvas.text(kRight, budget - 6, "budget: " + format_bytes(s.budget_bytes), 12,
              SvgCanvas::Anchor::end);
  const std::vector<std::size_t> front = worth_showing(s);
  for (std::size_t i = 0; i < s.candidates.size(); ++i) {
    const Candidate& c = s.candidates[i];
    const bool chosen = s.chosen == i,
               best = std::find(front.begin(), front.end(), i) != front.end();
    const double x = across.at(times_the_fastest(s, c)),
                 y = up.at(static_cast<double>(c.total_bytes())),
                 r = chosen ? 8
                     : best ? 5
                            : 3;
    canvas.box({x - r, y - r, 2 * r, 2 * r},
               chosen ? "#D55E00"
               : best ? "#0072B2"
                      : "#999999",
               fmt::format("{}: {} in all, {:.2f} times the fastest's time", shown_flags(s, c),
                           format_bytes(c.total_bytes()), times_the_fastest(s, c)));
    if (chosen) canvas.text(x + 12, y + 4, shown_flags(s, c), 12, SvgCanvas::Anchor::start);
  }
  return canvas.document(kWidth, kHeight, "Memory of a training by its time a step");
}

}  // namespace mapnet
