#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "common/bytes.hpp"
#include "memory/groups.hpp"
#include "memory/placement.hpp"
#include "memory/report.hpp"
#include "memory/svg_canvas.hpp"

namespace mapnet {

namespace {

using Anchor = SvgCanvas::Anchor;

// A data set of 55 MB held throughout would squeeze a 2 MB training step into a line. So the
// picture has three parts, from the top: a bar with the whole arena to scale, by group; the buffers
// that come and go, to scale; and below them those held from the first step to the last, a row
// each.
class PlanPicture {
 public:
  PlanPicture(const Plan& plan, const std::vector<std::string>& step_names)
      : plan_(plan), step_names_(step_names), groups_(groups_of(plan)) {
    sort_out();
  }

  std::string draw() {
    heading();
    arena_bar();
    legend();
    if (!reused_.empty()) reused_panel();
    if (!held_.empty()) held_panel();
    unlabelled();
    return canvas_.document(kWidth, y_ + kMargin, title());
  }

 private:
  static constexpr double kWidth = 1280, kMargin = 24, kLeft = 96, kRight = kWidth - kMargin;
  static constexpr double kPanelHeight = 560, kRowHeight = 20, kBarHeight = 26;
  static constexpr std::string_view kFaint = R"(fill="#666666")", kBold = R"(font-weight="bold")";

  // The held buffers are those that span all steps and fill the bottom of the arena without a gap
  // wider than an alignment; floor_ is where the others begin.
  void sort_out() {
    for (const Lifetime& b : plan_.buffers) {
      if (&b == &plan_.buffers.front()) first_ = b.first, last_ = b.last;
      first_ = std::min(first_, b.first);
      last_ = std::max(last_, b.last);
    }
    std::vector<std::size_t> by_offset;
    for (std::size_t i = 0; i < plan_.buffers.size(); ++i)
      (plan_.buffers[i].bytes == 0 ? unlabelled_ : by_offset).push_back(i);
    std::stable_sort(by_offset.begin(), by_offset.end(), [&](std::size_t a, std::size_t b) {
      return plan_.offsets[a] < plan_.offsets[b];
    });
    for (const std::size_t i : by_offset) {
      const Lifetime& b = plan_.buffers[i];
      const bool held = reused_.empty() && last_ > first_ && b.first == first_ && b.last == last_;
      (held ? held_ : reused_).push_back(i);
      if (held) floor_ = end_of(i);
    }
  }

  std::size_t end_of(std::size_t i) const {
    return plan_.offsets[i] + round_up(plan_.buffers[i].bytes, kArenaAlignment);
  }

  std::string title() const {
    return "Memory plan: " + format_bytes(plan_.total) + " in one arena";
  }

  std::string tooltip(std::size_t i) const {
    const Lifetime& b = plan_.buffers[i];
    return fmt::format("{} [{}]: {} bytes ({}) at offset {}, steps {} to {}", b.name, b.group,
                       b.bytes, format_bytes(b.bytes), plan_.offsets[i], step_label(b.first),
                       step_label(b.last));
  }

  std::string step_label(int step) const {
    const bool named = step >= 0 && static_cast<std::size_t>(step) < step_names_.size();
    return named ? step_names_[static_cast<std::size_t>(step)] : std::to_string(step);
  }

  std::string_view colour(const std::string& group) const {
    const auto g = std::find_if(groups_.begin(), groups_.end(),
                                [&](const Group& other) { return other.name == group; });
    return group_colour(static_cast<std::size_t>(g - groups_.begin()));
  }

  void heading() {
    y_ = kMargin + 20;
    canvas_.text(kMargin, y_, title(), 20, Anchor::start, kBold);
    std::string facts = "no buffers";
    if (!plan_.buffers.empty()) {
      facts = fmt::format("{} buffers over {} steps; lower bound {}", plan_.buffers.size(),
                          std::int64_t{last_} - first_ + 1, format_bytes(plan_.lower_bound));
      if (plan_.lower_bound > 0)
        facts += fmt::format(", ratio {:.4f}", static_cast<double>(plan_.total) /
                                                   static_cast<double>(plan_.lower_bound));
    }
    y_ += 22;
    canvas_.text(kMargin, y_, facts, 13, Anchor::start, kFaint);
    y_ += 16;
  }

  // The arena from its first byte to its last: what each group holds, then the part that is reused.
  void arena_bar() {
    if (plan_.total == 0) return;
    const double scale = (kRight - kMargin) / static_cast<double>(plan_.total);
    double x = kMargin;
    const auto segment = [&](std::size_t bytes, const std::string& name, std::string_view fill) {
      const Box b{x, y_, static_cast<double>(bytes) * scale, kBarHeight};
      canvas_.box(b, fill, name + ": " + format_bytes(bytes));
      canvas_.label(b, name, format_bytes(bytes));
      x += b.w;
    };
    for (const Group& g : groups_) {
      std::size_t bytes = 0;
      for (const std::size_t i : held_)
        if (plan_.buffers[i].group == g.name)
          bytes += round_up(plan_.buffers[i].bytes, kArenaAlignment);
      if (bytes > 0) segment(bytes, g.name + " held", colour(g.name));
    }
    if (plan_.total > floor_) segment(plan_.total - floor_, "reused", "#D0D0D0");
    y_ += kBarHeight + 24;
  }

  // Swatches with a word each, flowing like text.
  void swatch(const std::string& group, const std::string& text) {
    const double width = text_width(text, 12) + 32;
    if (x_ > kMargin && x_ + width > kRight) x_ = kMargin, y_ += 22;
    canvas_.box({x_, y_ - 11, 14, 14}, colour(group));
    canvas_.text(x_ + 20, y_, text, 12, Anchor::start);
    x_ += width;
  }

  void legend() {
    x_ = kMargin;
    for (const Group& g : groups_)
      swatch(g.name, fmt::format("{}: {} buffers, at most {} live", g.name, g.buffers,
                                 format_bytes(g.peak_bytes)));
    y_ += 38;
  }

  double step_width() const { return (kRight - kLeft) / (static_cast<double>(last_) - first_ + 1); }

  void reused_panel() {
    const std::string base = floor_ > 0 ? ", addresses above the held " + format_bytes(floor_) : "";
    canvas_.text(kLeft, y_, "Buffers that share memory, to scale" + base, 13, Anchor::start, kBold);
    y_ += 26;  // leaves room for the bound's name above the panel
    const double top = y_, bottom = top + kPanelHeight;
    const double span = static_cast<double>(std::max(plan_.total, plan_.lower_bound) - floor_);
    const auto height = [&](double bytes) { return kPanelHeight * bytes / span; };
    const auto at = [&](std::size_t address) {
      return bottom - height(static_cast<double>(address) - static_cast<double>(floor_));
    };

    // The grid: a power of two of bytes a line, at most ten lines.
    std::size_t tick = kArenaAlignment;
    while (static_cast<double>(tick) * 10 < span) tick *= 2;
    for (std::size_t above = 0; static_cast<double>(above) <= span; above += tick) {
      const double y = at(floor_ + above);
      canvas_.line(kLeft - 5, y, kRight, y, R"(stroke="#DDDDDD")");
      canvas_.text(kLeft - 9, y + 4, (floor_ > 0 ? "+" : "") + format_bytes(above), 11,
                   Anchor::end);
    }

    for (const std::size_t i : reused_) {
      const Lifetime& b = plan_.buffers[i];
      const double x = kLeft + (static_cast<double>(b.first) - first_) * step_width();
      const double w = (static_cast<double>(b.last) - b.first + 1) * step_width();
      // However few its bytes, a buffer is a line one can see and point at.
      const double h = std::max(1.5, height(static_cast<double>(b.bytes)));
      const Box box{x, at(plan_.offsets[i]) - h, w, h};
      canvas_.box(box, colour(b.group), tooltip(i));
      if (!canvas_.label(box, b.name, format_bytes(b.bytes))) unlabelled_.push_back(i);
    }

    if (plan_.lower_bound > floor_) {
      const double y = at(plan_.lower_bound);
      canvas_.line(kLeft, y, kRight, y,
                   R"(stroke="#000000" stroke-width="1.5" stroke-dasharray="8 5")");
      canvas_.text(kRight, top - 6, "- - lower bound: the most bytes live at once", 11,
                   Anchor::end);
    }
    y_ = bottom;
    time_axis();
  }

  // As many step names as there is room for, upright when they are longer than a column.
  void time_axis() {
    std::size_t longest = 0;
    for (int step = first_; step < last_; ++step)
      longest = std::max(longest, step_label(step).size());
    longest = std::max(longest, step_label(last_).size());
    const double needed = text_width(std::string(longest, '0'), 11);
    const bool upright = !step_names_.empty() && needed > step_width() - 4;
    const double room = upright ? 13 : needed + 8;
    const auto every = static_cast<std::int64_t>(std::ceil(room / step_width()));
    for (std::int64_t step = first_; step <= last_; step += every) {
      const double x = kLeft + (static_cast<double>(step - first_) + 0.5) * step_width();
      const std::string name = step_label(static_cast<int>(step));
      canvas_.line(x, y_, x, y_ + 4, R"(stroke="#666666")");
      if (upright) {
        canvas_.text(x + 4, y_ + 8, name, 11, Anchor::end, {}, -90);
      } else {
        canvas_.text(x, y_ + 17, name, 11, Anchor::middle);
      }
    }
    canvas_.line(kLeft, y_, kRight, y_, R"(stroke="#666666")");
    canvas_.text(kLeft - 9, y_ + 17, "step", 11, Anchor::end, kFaint);
    y_ += (upright ? needed + 12 : 22) + 24;
  }

  // Address up here too: the lowest offset is the lowest row.
  void held_panel() {
    canvas_.text(kLeft, y_, "Held from the first step to the last, not to scale", 13, Anchor::start,
                 kBold);
    y_ += 10;
    for (auto i = held_.rbegin(); i != held_.rend(); ++i) {
      const Lifetime& b = plan_.buffers[*i];
      canvas_.box({kLeft, y_, kRight - kLeft, kRowHeight - 2}, colour(b.group), tooltip(*i));
      canvas_.text(kLeft + 8, y_ + 13, b.name, 11, Anchor::start);
      canvas_.text(kRight - 8, y_ + 13, format_bytes(b.bytes), 11, Anchor::end);
      y_ += kRowHeight;
    }
  }

  // On paper there are no tooltips, so what has no label in the panel gets its name here.
  void unlabelled() {
    if (unlabelled_.empty()) return;
    y_ += 30;
    canvas_.text(kMargin, y_, "Without a label above, by rising address", 13, Anchor::start, kBold);
    y_ += 22;
    x_ = kMargin;
    for (const std::size_t i : unlabelled_) {
      const Lifetime& b = plan_.buffers[i];
      swatch(b.group, b.name + " (" + format_bytes(b.bytes) + ")");
    }
  }

  const Plan& plan_;
  const std::vector<std::string>& step_names_;
  std::vector<Group> groups_;
  std::vector<std::size_t> held_, reused_, unlabelled_;  // by rising offset
  std::size_t floor_ = 0;
  int first_ = 0, last_ = 0;
  double x_ = 0, y_ = 0;  // where the next thing goes
  SvgCanvas canvas_;
};

}  // namespace

std::string plan_svg(const Plan& plan, const std::vector<std::string>& step_names) {
  return PlanPicture(plan, step_names).draw();
}

}  // namespace mapnet
