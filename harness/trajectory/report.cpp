#include "harness/trajectory/report.hpp"

#include <fmt/core.h>

#include <functional>
#include <vector>

#include "harness/report_figures.hpp"
#include "harness/text_table.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

const Cells kHead = {"row",
                     "layer",
                     "parameters",
                     "variance of the first component",
                     "of two",
                     "of five",
                     "components of 99%",
                     "straightness",
                     "local linearity"};

std::vector<const json*> trajectories_of(const json& entry) {
  std::vector<const json*> all;
  for (const json& run : entry["runs"])
    if (run.contains("trajectory")) all.push_back(&run["trajectory"]);
  return all;
}

double share_of_first(const json& layer, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(count, layer["shares"].size()); ++i)
    sum += layer["shares"][i].get<double>();
  return sum;
}

/// A line of the same layer in all runs.
Cells line(const std::string& row, const std::string& layer, const std::string& parameters,
           const std::vector<const json*>& runs) {
  const auto mean = [&](const std::function<double(const json&)>& figure) {
    double sum = 0;
    for (const json* run : runs) sum += figure(*run);
    return sum / static_cast<double>(runs.size());
  };
  const auto share = [&](std::size_t count) {
    return fmt::format("{:.1f}%",
                       100 * mean([&](const json& l) { return share_of_first(l, count); }));
  };
  const auto number = [&](const char* key, int digits) {
    return fmt::format("{:.{}f}", mean([&](const json& l) { return l[key].get<double>(); }),
                       digits);
  };
  return {row,
          layer,
          parameters,
          share(1),
          share(2),
          share(5),
          number("components_99", 0),
          number("straightness", 3),
          number("local_linearity", 3)};
}

std::vector<Cells> lines_of(const json& report) {
  std::vector<Cells> lines;
  const json* walk = nullptr;
  for (const json& entry : report["entries"]) {
    const std::vector<const json*> runs = trajectories_of(entry);
    if (runs.empty() || is_outdated(entry)) continue;
    const auto add = [&](const std::function<const json&(const json&)>& layer_of) {
      std::vector<const json*> layers;
      for (const json* run : runs) layers.push_back(&layer_of(*run));
      const json& first = *layers.front();
      lines.push_back(line(entry["row"], first["layer"],
                           std::to_string(first["parameters"].get<std::size_t>()), layers));
    };
    for (std::size_t l = 0; l < (*runs[0])["layers"].size(); ++l)
      add([l](const json& t) -> const json& { return t["layers"][l]; });
    add([](const json& t) -> const json& { return t["network"]; });
    walk = &(*runs[0])["random_walk"];
  }
  if (walk) lines.push_back(line("random walk", "", "", {walk}));
  return lines;
}

constexpr const char* kMeaning =
    "Weights at every snapshot, means over the seeds. Straightness: from the first to the last as "
    "the crow flies, against the way gone. Local linearity: the first component's share of the "
    "variance of ten snapshots in a row, the mean over all such rows. The random walk has as many "
    "snapshots, each step at right angles to all others: what a space of very many dimensions "
    "makes "
    "of chance.";

}  // namespace

std::string trajectories_markdown(const json& report) {
  const std::vector<Cells> lines = lines_of(report);
  if (lines.empty()) return {};
  return fmt::format("\n## Trajectories\n\n{}\n\n{}", kMeaning, markdown_table(kHead, lines));
}

std::string trajectories_html(const json& report) {
  const std::vector<Cells> lines = lines_of(report);
  if (lines.empty()) return {};
  return fmt::format("<p>{}</p>\n{}", kMeaning, html_table(kHead, lines));
}

}  // namespace mapnet
