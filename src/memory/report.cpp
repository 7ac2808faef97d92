#include "memory/report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/bytes.hpp"
#include "memory/groups.hpp"
#include "memory/placement.hpp"

namespace mapnet {

namespace {

// By first use, then by offset: the order in which a step meets them.
std::vector<std::size_t> rows_of(const Plan& plan) {
  std::vector<std::size_t> rows(plan.buffers.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(plan.buffers[a].first, plan.offsets[a]) <
           std::pair(plan.buffers[b].first, plan.offsets[b]);
  });
  return rows;
}

std::size_t width_of(const Plan& plan, std::string Lifetime::*text) {
  std::size_t width = 6;  // "buffer", the widest heading above names
  for (const Lifetime& b : plan.buffers) width = std::max(width, (b.*text).size());
  return width;
}

// What the offsets really take, beside what the plan says they do.
std::size_t placed_bytes(const Plan& plan) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < plan.buffers.size(); ++i)
    if (const std::size_t bytes = plan.buffers[i].bytes; bytes > 0)
      end = std::max(end, plan.offsets[i] + round_up(bytes, kArenaAlignment));
  return end;
}

// An empty plan wastes nothing.
double ratio(const Plan& plan) {
  if (plan.lower_bound == 0) return 1;
  return static_cast<double>(plan.total) / static_cast<double>(plan.lower_bound);
}

struct Lines {
  std::string text;

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text += fmt::format(format, std::forward<Args>(args)...) + '\n';
  }
};

}  // namespace

std::string plan_table(const Plan& plan) {
  const std::size_t name = width_of(plan, &Lifetime::name);
  const std::size_t group = width_of(plan, &Lifetime::group);
  Lines table;
  table.add("{:<{}}  {:<{}}  {:>10}  {:>14}  {:>5}  {:>5}", "buffer", name, "group", group, "size",
            "offset", "first", "last");
  for (const std::size_t i : rows_of(plan)) {
    const Lifetime& b = plan.buffers[i];
    table.add("{:<{}}  {:<{}}  {:>10}  {:>14}  {:>5}  {:>5}", b.name, name, b.group, group,
              format_bytes(b.bytes), plan.offsets[i], b.first, b.last);
  }
  return table.text + '\n' + plan_summary(plan);
}

std::string plan_summary(const Plan& plan) {
  const std::size_t group = width_of(plan, &Lifetime::group);
  Lines table;
  table.add("{:<{}}  {:>7}  {:>10}  {:>10}", "group", group, "buffers", "sum", "peak live");
  for (const Group& g : groups_of(plan))
    table.add("{:<{}}  {:>7}  {:>10}  {:>10}", g.name, group, g.buffers, format_bytes(g.bytes),
              format_bytes(g.peak_bytes));

  const std::size_t placed = placed_bytes(plan);
  table.add("\ntotal        {:>10}  ({} bytes)", format_bytes(plan.total), plan.total);
  table.add("lower bound  {:>10}  ({} bytes)", format_bytes(plan.lower_bound), plan.lower_bound);
  table.add("ratio        {:>10.4f}", ratio(plan));
  table.add("check        planned {} {} placed {} bytes", plan.total,
            plan.total == placed ? "=" : "!=", placed);
  return table.text;
}

std::string plan_json(const Plan& plan) {
  using nlohmann::ordered_json;
  ordered_json buffers = ordered_json::array(), groups = ordered_json::object();
  for (const std::size_t i : rows_of(plan)) {
    const Lifetime& b = plan.buffers[i];
    buffers.push_back({{"name", b.name},
                       {"group", b.group},
                       {"bytes", b.bytes},
                       {"offset", plan.offsets[i]},
                       {"alignment", b.alignment},
                       {"first", b.first},
                       {"last", b.last}});
  }
  for (const Group& g : groups_of(plan))
    groups[g.name] = {{"buffers", g.buffers}, {"bytes", g.bytes}, {"peak_bytes", g.peak_bytes}};
  const ordered_json report = {{"total_bytes", plan.total},
                               {"lower_bound_bytes", plan.lower_bound},
                               {"placed_bytes", placed_bytes(plan)},
                               {"ratio", ratio(plan)},
                               {"groups", groups},
                               {"buffers", buffers}};
  // A name that is not UTF-8 (a file's, say) must not cost the report.
  return report.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace mapnet
