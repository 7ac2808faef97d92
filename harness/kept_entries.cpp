#include <algorithm>

#include "harness/report.hpp"
#include "harness/report_parts.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// What may differ from run to run of the same settings.
constexpr const char* kOfTheRun[] = {"data-dir", "device",         "memory-budget",
                                     "seed",     "snapshot-every", "threads"};

Settings without_those_of_the_run(Settings settings) {
  for (const char* key : kOfTheRun) settings.erase(key);
  return settings;
}

bool are_same(const Settings& a, const Settings& b) {
  return without_those_of_the_run(a) == without_those_of_the_run(b);
}

/// A budget may have divided batches where nobody asked for it: with running statistics that is
/// another training (docs/memory.md).
bool normalised_in_parts(const json& run, const Settings& settings) {
  const json result = run.value("result", json::object());
  return result.value("running_statistics", 0) > 0 && !settings.contains("micro-batch") &&
         result.value("footprint", json::object()).value("micro_batch", 0) > 0;
}

Settings settings_of(const Entry& entry, bool quick, bool stand_in) {
  const Settings& settings = quick ? entry.quick : entry.settings;
  return stand_in && entry.stand_in ? on_stand_in(settings, *entry.stand_in) : settings;
}

/// Whether a run began with the weights that the table says: reports from before their command was
/// written down are believed.
bool began_with(const json& run, const Entry* source, bool quick, bool stand_in) {
  if (run.contains("source_command"))
    return source &&
           are_same(settings_in(run["source_command"]), settings_of(*source, quick, stand_in));
  return run.contains("before") == (source != nullptr);
}

/// Whether it was trained with the settings that the table has, and so was what it began with.
bool has_settings_of(const json& stored, const ChosenEntry& c, const Table& table, bool quick) {
  const Entry* source = find_entry(table, c.entry->pretrained_from, c.entry->data);
  return std::ranges::all_of(stored["runs"], [&](const json& run) {
    Settings of_run = settings_in(run["command"]);
    if (source) of_run.erase("pretrained");  // the file that its source has left
    return began_with(run, source, quick, c.stand_in) && are_same(of_run, c.settings) &&
           !normalised_in_parts(run, c.settings);
  });
}

/// Whether every run of it came to its end: it is done, or has failed of nothing but a metric that
/// its runs do not have. (Of a table of trajectories snapshots that are gone are another failure.)
bool is_measured(const json& stored, const Table& table) {
  const EntryState state = state_called(stored["state"]);
  return state == EntryState::done ||
         (state == EntryState::failed && !stored["runs"].empty() &&
          std::ranges::all_of(stored["runs"], [&](const json& run) {
            return run.contains("result") && (!table.trajectory || run.contains("trajectory"));
          }));
}

/// The table of today says what is not supported; what was measured before stays.
void settle_support(ChosenEntry& c, bool measured) {
  const std::string& why = c.row->unsupported;
  if (!why.empty() && !measured) {
    c.state = EntryState::unsupported;
    c.message = why;
  } else if (c.state == EntryState::unsupported) {
    c.state = EntryState::pending;
    c.message.clear();
  }
}

/// A stored entry as judge() takes one: what was measured may have all that the table asks for by
/// now, or no longer.
ChosenEntry chosen_again(const json& stored, const Table& table, const Row& row, const Entry& entry,
                         bool quick) {
  const bool measured = is_measured(stored, table);
  ChosenEntry c;
  c.row = &row;
  c.entry = &entry;
  c.stand_in = stored.contains("stand_in_for") && entry.stand_in.has_value();
  c.settings = settings_of(entry, quick, c.stand_in);
  if (!measured) {
    c.state = state_called(stored["state"]);
    c.message = stored.value("message", "");
  }
  settle_support(c, measured);
  for (const json& run : stored["runs"]) {
    SeedRun& again = c.runs.emplace_back();
    again.seed = run.value("seed", 0);
    again.done = measured;
    again.result = run.value("result", json::object());
  }
  if (measured) settle(c, table);
  return c;
}

/// A stored entry held against the paper, the references and the tolerances that the table has: its
/// figures are as they were, what they are held against may not be.
json judged_again(json stored, const Table& table, bool quick, const Row& row, const Entry& entry) {
  const ChosenEntry c = chosen_again(stored, table, row, entry, quick);
  describe(stored, row, entry);
  stored["state"] = to_string(c.state);
  stored.erase("message");
  if (!c.message.empty()) stored["message"] = c.message;
  if (c.state == EntryState::unsupported) stored["runs"] = json::array();  // nothing to run
  stored["metrics"] = metrics_json(judge({&table, quick, {}}, c));
  stored.erase("outdated");
  if (c.state != EntryState::done || has_settings_of(stored, c, table, quick)) return stored;
  stored["outdated"] = true;
  for (json& metric : stored["metrics"])
    for (const char* key : {"gap", "against_paper", "against_reference"}) metric.erase(key);
  return stored;
}

const json* find(const json& entries, const Row& row, const Entry& entry) {
  for (const json& e : entries)
    if (e.value("row", "") == row.name &&
        e.value("stand_in_for", e.value("data", "")) == entry.data)
      return &e;
  return nullptr;
}

/// What was measured is not given up for what was not, nor for what was measured on a stand-in.
bool is_kept(const json& stored, const json* fresh, const Table& table) {
  if (!fresh) return true;
  if (!is_measured(stored, table)) return false;
  const EntryState now = state_called((*fresh)["state"]);
  const bool lesser = fresh->contains("stand_in_for") && !stored.contains("stand_in_for");
  return lesser || !fresh->value("began", true) || now == EntryState::no_data ||
         now == EntryState::pending || now == EntryState::unsupported;
}

}  // namespace

void keep_other_entries(json& report, const json& before, const Table& table) {
  if (!is_report_of(before, report["table"], report["quick"])) return;
  json all = json::array();
  for (const Row& row : table.rows)
    for (const Entry& entry : row.entries) {
      const json* fresh = find(report["entries"], row, entry);
      const json* stored = find(before["entries"], row, entry);
      if (stored && is_kept(*stored, fresh, table))
        all.push_back(judged_again(*stored, table, report["quick"], row, entry));
      else if (fresh)
        all.push_back(*fresh);
    }
  report["entries"] = all;
  report["summary"] = tally_text(tally(all));
}

json judged_by(const json& before, const Table& table) {
  json report = report_head(table, before.value("quick", false), before.value("version", ""));
  report["entries"] = json::array();
  keep_other_entries(report, before, table);
  return report;
}

}  // namespace mapnet
