#include <fmt/core.h>

#include "harness/report.hpp"
#include "harness/report_parts.hpp"
#include "train/build_info.hpp"

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
  nlohmann::json object = {{"metric", v.metric->name}};
  if (v.test) object["test"] = to_json(*v.test);
  if (v.train) object["train"] = to_json(*v.train);
  if (v.test && v.train)  // how much worse unseen samples are than those trained on
    object["train_test_drop"] = lead(*v.metric, v.train->mean, v.test->mean);
  if (v.paper) object["paper"] = *v.paper;
  if (v.gap) object["gap"] = *v.gap;
  if (v.against_paper != AgainstPaper::nothing)
    object["against_paper"] = to_string(v.against_paper);
  if (v.reference) object["reference"] = to_json(*v.reference);
  if (v.against_reference != AgainstReference::nothing)
    object["against_reference"] = to_string(v.against_reference);
  return object;
}

nlohmann::json run_json(const SeedRun& run) {
  nlohmann::json object = {{"seed", run.seed}, {"command", "mapnet " + command_line(run.words)}};
  if (!run.source.empty()) {
    object["before"] = "mapnet " + command_line({"export", "--run", run.source.string(), "--out",
                                                 run.weights().string()});
    object["source_command"] = "mapnet " + command_line(run.source_words);
  }
  if (!run.done) return object;
  object["result"] = run.result;
  object["epochs"] = run.metrics;
  if (!run.trajectory.is_null()) object["trajectory"] = run.trajectory;
  return object;
}

std::optional<Statistics> over_runs(const ChosenEntry& entry, const char* key) {
  std::vector<double> values;
  for (const SeedRun& run : entry.runs)
    if (run.done && run.result.contains(key) && run.result[key].is_number())
      values.push_back(run.result[key].get<double>());
  return statistics(values);
}

/// The arena's bytes, and what each group of buffers takes of them at its peak.
nlohmann::json plan_json(const nlohmann::json& plan) {
  nlohmann::json object = {{"total_bytes", plan.at("total_bytes")},
                           {"lower_bound_bytes", plan.at("lower_bound_bytes")}};
  for (const auto& [group, numbers] : plan.at("groups").items())
    object["peak_bytes"][group] = numbers.at("peak_bytes");
  return object;
}

nlohmann::json entry_json(const EntryVerdict& verdict) {
  const ChosenEntry& c = *verdict.entry;
  nlohmann::json object = {{"data", c.data()}, {"state", to_string(c.state)}};
  describe(object, *c.row, *c.entry);
  if (c.stand_in) object["stand_in_for"] = c.entry->data;
  if (!c.message.empty()) object["message"] = c.message;
  if (!c.began) object["began"] = false;
  if (!c.plan.is_null()) object["plan"] = plan_json(c.plan);
  object["metrics"] = metrics_json(verdict);
  object["runs"] = nlohmann::json::array();
  for (const SeedRun& run : c.runs) object["runs"].push_back(run_json(run));
  if (c.state != EntryState::done) return object;
  const nlohmann::json& first = c.runs.front().result;
  for (const char* key : {"trainable_params", "target_params", "stored_values", "arena_bytes",
                          "map_bytes", "map_values", "map_samples", "device", "version"})
    if (first.contains(key)) object[key] = first[key];
  if (const auto seconds = over_runs(c, "seconds")) object["seconds"] = to_json(*seconds);
  if (const auto persistence = over_runs(c, "persistence_mse_test"))
    object["persistence_mse_test"] = persistence->mean;
  return object;
}

}  // namespace

std::string to_string(EntryState state) {
  switch (state) {
    case EntryState::done:
      return "done";
    case EntryState::no_data:
      return "no data";
    case EntryState::failed:
      return "failed";
    case EntryState::unsupported:
      return "not supported";
    case EntryState::pending:
      break;
  }
  return "not run";
}

EntryState state_called(const std::string& name) {
  for (const EntryState state :
       {EntryState::done, EntryState::no_data, EntryState::failed, EntryState::unsupported})
    if (name == to_string(state)) return state;
  return EntryState::pending;
}

nlohmann::json report_head(const Table& table, bool quick, const std::string& version) {
  nlohmann::json object = {{"schema", 1},
                           {"table", table.id},
                           {"title", table.title},
                           {"quick", quick},
                           {"recipes", table.recipes},
                           {"version", version},
                           {"tolerance", table.tolerance}};
  if (!table.baseline.empty()) object["baseline"] = table.baseline;
  return object;
}

void describe(nlohmann::json& object, const Row& row, const Entry& entry) {
  object["row"] = row.name;
  object["method"] = row.method;
  object["params"] = row.params;
  object["seeds"] = row.seeds.size();
  for (const char* key : {"note", "beyond", "comparable", "paper_train"}) object.erase(key);
  if (!row.note.empty()) object["note"] = row.note;
  if (!row.beyond.empty()) object["beyond"] = row.beyond;
  if (!row.comparable) object["comparable"] = false;
  if (entry.paper_train) object["paper_train"] = *entry.paper_train;
}

nlohmann::json metrics_json(const EntryVerdict& verdict) {
  nlohmann::json all = nlohmann::json::array();
  for (const MetricVerdict& v : verdict.metrics) all.push_back(to_json(v));
  return all;
}

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
  add(t.beyond, "beyond the paper");
  add(t.no_data, "without data");
  add(t.unsupported, "not supported");
  add(t.failed, "failed");
  add(t.pending, "not run");
  add(t.outdated, "of other settings");
  add(t.held, "held to their reference");
  add(t.regressed, "regressed");
  return text.empty() ? "nothing chosen" : text;
}

nlohmann::json report_json(const TableReport& report) {
  nlohmann::json object =
      report_head(*report.campaign->table, report.campaign->quick, version_string());
  object["entries"] = nlohmann::json::array();
  for (const EntryVerdict& verdict : report.verdicts)
    object["entries"].push_back(entry_json(verdict));
  object["summary"] = tally_text(tally(object["entries"]));
  return object;
}

}  // namespace mapnet
