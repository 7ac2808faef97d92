#include "harness/checks.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "harness/complaint.hpp"
#include "harness/data_presence.hpp"
#include "harness/run_record.hpp"

namespace mapnet {

namespace {

/// Whether the weights that an entry begins with are there: those that lie where its source is not
/// done are of an earlier one, which had other settings.
bool has_weights(const Campaign& campaign, const ChosenEntry& c) {
  const ChosenEntry* source = source_of(campaign, c);
  return source && state_of(source->runs.front()) == RunState::done &&
         std::filesystem::exists(c.runs.front().weights());
}

void assert_count(ChosenEntry& c, const char* key, std::size_t expected) {
  const auto found = c.plan.at(key).get<std::size_t>();
  if (found == expected) return;
  c.state = EntryState::failed;
  c.message = fmt::format("{} is {}; the table says {}", key, found, expected);
}

/// A budget may divide batches. Where the network normalises by them, and so has running
/// statistics, that is another training than the table's.
void assert_batches(ChosenEntry& c) {
  if (!c.plan.contains("memory_budget") || c.settings.contains("micro-batch")) return;
  const std::string flags = c.plan["memory_budget"]["chosen"]["flags"];
  const bool normalises = std::ranges::any_of(
      c.plan["buffers"], [](const nlohmann::json& buffer) { return buffer["name"] == "state"; });
  if (!normalises || flags.find("--micro-batch") == std::string::npos) return;
  c.state = EntryState::failed;
  c.message = fmt::format(
      "what fits into the memory budget is {}, and this network normalises by batches: that is "
      "another training than the table's; give more memory",
      flags);
}

/// Of the entry, by one of its runs: of those that begin with another's weights one that has them.
void assert_counts(ChosenEntry& c, const SeedRun& run) {
  const ProgramOutput plan = plan_of(run);
  if (plan.exit_code != 0) {
    c.state = EntryState::failed;
    c.message = complaint_of(plan, "mapnet plan");
    return;
  }
  c.plan = nlohmann::json::parse(plan.output);
  const StandIn* other = c.stand_in ? &*c.entry->stand_in : nullptr;
  assert_count(c, "trainable_params",
               other ? other->trainable.value_or(c.entry->trainable) : c.entry->trainable);
  if (c.entry->target && !other) assert_count(c, "target_params", *c.entry->target);
  assert_batches(c);
}

/// What there is of each data set, which is checked once.
class DataChecks {
 public:
  /// In `folder`, where it is not empty.
  const DataFinding& of(const std::string& data, const std::string& folder) {
    const auto known = findings_.find({data, folder});
    if (known != findings_.end()) return known->second;
    return findings_[{data, folder}] = check_data(data, folder);
  }

 private:
  std::map<std::pair<std::string, std::string>, DataFinding> findings_;
};

/// Where its settings, which have what the command line says, look for its data.
std::string data_folder_of(const ChosenEntry& c) {
  const auto folder = c.settings.find("data-dir");
  return folder == c.settings.end() || folder->second.empty() ? std::string()
                                                              : folder->second.front();
}

/// Its data, or what stands in for that.
void check_data_of(ChosenEntry& c, DataChecks& checks, const CampaignOptions& options) {
  DataFinding found = checks.of(c.entry->data, data_folder_of(c));
  if (found.state == DataState::absent && options.stand_in && c.entry->stand_in) {
    ChosenEntry other = c;
    take_stand_in(other, options);
    found = checks.of(other.data(), data_folder_of(other));
    if (found.state == DataState::there) c = std::move(other);
  }
  if (found.state == DataState::there) return;
  c.state = found.state == DataState::absent ? EntryState::no_data : EntryState::failed;
  c.message = found.message;
}

}  // namespace

void check_before_training(Campaign& campaign, const CampaignOptions& options,
                           const StopRequested& stop_requested) {
  DataChecks data;
  for (ChosenEntry& c : campaign.entries) {
    if (is_stopping(stop_requested)) return;
    if (c.state == EntryState::pending) check_data_of(c, data, options);
  }
  settle_runs(campaign, options);
  for (ChosenEntry& c : campaign.entries) {
    if (is_stopping(stop_requested)) return;
    if (c.state == EntryState::pending &&
        (c.entry->pretrained_from.empty() || has_weights(campaign, c)))
      assert_counts(c, c.runs.front());
  }
  for (ChosenEntry& c : campaign.entries) c.began = c.state != EntryState::failed;
}

void prepare_weights(ChosenEntry& c, const SeedRun& run) {
  const ProgramOutput exported = run_program(
      {kThisProgram, "export", "--run", run.source.string(), "--out", run.weights().string()});
  if (exported.exit_code != 0) {
    c.state = EntryState::failed;
    c.message = complaint_of(exported, "mapnet export");
    return;
  }
  if (c.plan.is_null()) assert_counts(c, run);
}

}  // namespace mapnet
