#include <fmt/core.h>

#include "common/file.hpp"
#include "harness/gnuplot.hpp"
#include "harness/report.hpp"
#include "harness/trajectory/pictures.hpp"
#include "train/run_result.hpp"

namespace mapnet {

namespace {

nlohmann::json to_json(const Statistics& s) {
  return {{"mean", s.mean}, {"min", s.least}, {"max", s.most}, {"n", s.n}};
}

nlohmann::json to_json(const Reference& r) {
  return {{"mean", r.mean},     {"tolerance", r.tolerance}, {"seeds", r.seeds},
          {"device", r.device}, {"date", r.date},           {"commit", r.commit}};
}

nlohmann::json to_json(const MetricVerdict& v) {
  nlohmann::json json = {{"metric", v.metric->name}};
  if (v.test) json["test"] = to_json(*v.test);
  if (v.train) json["train"] = to_json(*v.train);
  if (v.test && v.train)  // how much worse unseen samples are than those trained on
    json["train_test_drop"] = lead(*v.metric, v.train->mean, v.test->mean);
  if (v.paper) json["paper"] = *v.paper;
  if (v.gap) json["gap"] = *v.gap;
  if (v.against_paper != AgainstPaper::nothing) json["against_paper"] = to_string(v.against_paper);
  if (v.reference) json["reference"] = to_json(*v.reference);
  if (v.against_reference != AgainstReference::nothing)
    json["against_reference"] = to_string(v.against_reference);
  return json;
}

const char* to_string(EntryState state) {
  switch (state) {
    case EntryState::done:
      return "done";
    case EntryState::no_data:
      return "no data";
    case EntryState::failed:
      return "failed";
    case EntryState::pending:
      break;
  }
  return "not run";
}

nlohmann::json run_json(const SeedRun& run) {
  nlohmann::json json = {{"seed", run.seed}, {"command", "mapnet " + command_line(run.words)}};
  if (!run.source.empty())
    json["before"] = "mapnet " + command_line({"export", "--run", run.source.string(), "--out",
                                               run.weights().string()});
  if (!run.done) return json;
  json["result"] = run.result;
  json["epochs"] = run.metrics;
  if (!run.trajectory.is_null()) json["trajectory"] = run.trajectory;
  return json;
}

std::optional<Statistics> over_runs(const ChosenEntry& entry, const char* key) {
  std::vector<double> values;
  for (const SeedRun& run : entry.runs)
    if (run.done && run.result.contains(key)) values.push_back(run.result[key].get<double>());
  return statistics(values);
}

/// The arena's bytes, and what each group of buffers takes of them at its peak.
nlohmann::json plan_json(const nlohmann::json& plan) {
  nlohmann::json json = {{"total_bytes", plan.at("total_bytes")},
                         {"lower_bound_bytes", plan.at("lower_bound_bytes")}};
  for (const auto& [group, numbers] : plan.at("groups").items())
    json["peak_bytes"][group] = numbers.at("peak_bytes");
  return json;
}

nlohmann::json entry_json(const EntryVerdict& verdict) {
  const ChosenEntry& c = *verdict.entry;
  nlohmann::json json = {{"row", c.row->name},
                         {"method", c.row->method},
                         {"params", c.row->params},
                         {"data", c.data()},
                         {"state", to_string(c.state)}};
  if (!c.row->note.empty()) json["note"] = c.row->note;
  if (c.stand_in) json["stand_in_for"] = c.entry->data;
  if (!c.message.empty()) json["message"] = c.message;
  if (c.entry->paper_train) json["paper_train"] = *c.entry->paper_train;
  if (!c.plan.is_null()) json["plan"] = plan_json(c.plan);
  json["metrics"] = nlohmann::json::array();
  for (const MetricVerdict& v : verdict.metrics) json["metrics"].push_back(to_json(v));
  json["runs"] = nlohmann::json::array();
  for (const SeedRun& run : c.runs) json["runs"].push_back(run_json(run));
  if (c.state != EntryState::done) return json;
  const nlohmann::json& first = c.runs.front().result;
  for (const char* key : {"trainable_params", "target_params", "stored_values", "arena_bytes",
                          "map_bytes", "device", "version"})
    if (first.contains(key)) json[key] = first[key];
  if (const auto seconds = over_runs(c, "seconds")) json["seconds"] = to_json(*seconds);
  if (const auto persistence = over_runs(c, "persistence_mse_test"))
    json["persistence_mse_test"] = persistence->mean;
  return json;
}

}  // namespace

TableReport report_of(const Campaign& campaign) {
  TableReport report{&campaign, {}};
  for (const ChosenEntry& entry : campaign.entries)
    report.verdicts.push_back(judge(campaign, entry));
  return report;
}

std::string tally_text(const Tally& t) {
  std::string text;
  const auto add = [&](std::size_t n, const char* what) {
    if (n > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, what);
  };
  add(t.exceeded, "exceeded");
  add(t.reproduced, "reproduced");
  add(t.not_reached, "not reached");
  add(t.unjudged, "done");
  add(t.no_data, "without data");
  add(t.failed, "failed");
  add(t.pending, "not run");
  add(t.held, "held against their reference");
  add(t.regressed, "regressed");
  return text.empty() ? "nothing chosen" : text;
}

nlohmann::json report_json(const TableReport& report) {
  const Campaign& campaign = *report.campaign;
  const Table& table = *campaign.table;
  nlohmann::json json = {{"schema", 1},
                         {"table", table.id},
                         {"title", table.title},
                         {"quick", campaign.quick},
                         {"recipes", table.recipes},
                         {"version", version_string()},
                         {"tolerance", table.tolerance},
                         {"summary", tally_text(tally(report.verdicts))}};
  json["entries"] = nlohmann::json::array();
  for (const EntryVerdict& verdict : report.verdicts)
    json["entries"].push_back(entry_json(verdict));
  return json;
}

void write_reports(const TableReport& report, const std::filesystem::path& folder) {
  const nlohmann::json json = report_json(report);
  const std::string name = report.campaign->table->id + (report.campaign->quick ? "-quick" : "");
  write_file_atomic(folder / (name + ".json"), json.dump(2) + "\n");
  std::string markdown = report_markdown(json);
  const std::vector<NamedPicture> pictures =
      has_gnuplot() ? pictures_of_trajectories(json) : std::vector<NamedPicture>();
  if (!pictures.empty()) markdown += "\n## Pictures\n";
  for (const NamedPicture& picture : pictures) {
    const std::string file = name + "-" + picture.name + ".svg";
    write_file_atomic(folder / file, as_file(picture.svg));
    markdown += fmt::format("\n{0}\n\n![{1}]({1})\n", picture.caption, file);
  }
  write_file_atomic(folder / (name + ".md"), markdown);
}

}  // namespace mapnet
