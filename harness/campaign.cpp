#include "harness/campaign.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <sstream>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "harness/data_presence.hpp"
#include "harness/process.hpp"
#include "harness/run_record.hpp"
#include "harness/trajectory/trajectory.hpp"
#include "train/run_folder.hpp"

namespace mapnet {

namespace {

/// The folder that was named for a data set; empty: none was.
std::string folder_of(const std::string& data, const CampaignOptions& options) {
  const auto folder = options.data_folders.find(data);
  return folder == options.data_folders.end() ? std::string() : folder->second;
}

/// Where its runs lie and what they are told.
void settle_runs(ChosenEntry& c, const Table& table, const CampaignOptions& options) {
  for (SeedRun& run : c.runs) {
    Settings settings = c.settings;
    settings["seed"] = {std::to_string(run.seed)};
    run.words = {"train"};
    const std::vector<std::string> flags = words_of(settings);
    run.words.insert(run.words.end(), flags.begin(), flags.end());
    if (table.trajectory)
      run.words.insert(run.words.end(),
                       {"--snapshot-every", std::to_string(table.trajectory->snapshot_every)});
    run.folder = options.runs / (options.quick ? table.id + "-quick" : table.id) / c.row->name /
                 c.data() / fmt::format("seed{}", run.seed);
  }
}

ChosenEntry* source_of(Campaign& campaign, const ChosenEntry& c) {
  for (ChosenEntry& other : campaign.entries)
    if (other.row->name == c.entry->pretrained_from && other.entry->data == c.entry->data)
      return &other;
  return nullptr;
}

/// Runs that begin with another's weights, seed by seed, are told where these are.
void link_sources(Campaign& campaign) {
  for (ChosenEntry& c : campaign.entries) {
    const ChosenEntry* source = source_of(campaign, c);
    for (std::size_t i = 0; source && i < c.runs.size(); ++i) {
      SeedRun& run = c.runs[i];
      run.source = source->runs[i].folder;
      run.source_words = source->runs[i].words;
      if (std::ranges::find(run.words, "--pretrained") == run.words.end())
        run.words.insert(run.words.end(), {"--pretrained", run.weights().string()});
    }
  }
}

ChosenEntry chosen(const Table& table, const Row& row, const Entry& entry,
                   const CampaignOptions& options) {
  ChosenEntry c;
  c.row = &row;
  c.entry = &entry;
  c.settings = options.quick ? entry.quick : entry.settings;
  c.settings["device"] = {options.device};
  if (!options.memory_budget.empty()) c.settings["memory-budget"] = {options.memory_budget};
  if (options.threads > 0) c.settings["threads"] = {std::to_string(options.threads)};
  if (!row.unsupported.empty()) {  // nothing to run
    c.state = EntryState::unsupported;
    c.message = row.unsupported;
    return c;
  }
  const auto seeds = options.seeds > 0
                         ? std::min(row.seeds.size(), static_cast<std::size_t>(options.seeds))
                         : row.seeds.size();
  c.runs.resize(seeds);
  for (std::size_t i = 0; i < seeds; ++i) c.runs[i].seed = row.seeds[i];
  settle_runs(c, table, options);
  return c;
}

/// Whether the weights that an entry begins with are there: those that lie where its source is not
/// done are of an earlier one, which had other settings.
bool has_weights(Campaign& campaign, const ChosenEntry& c) {
  const ChosenEntry* source = source_of(campaign, c);
  return source && is_done(source->runs.front()) &&
         std::filesystem::exists(c.runs.front().weights());
}

void assert_count(ChosenEntry& c, const nlohmann::json& plan, const char* key,
                  std::size_t expected) {
  const auto found = plan.at(key).get<std::size_t>();
  if (found == expected) return;
  c.state = EntryState::failed;
  c.message = fmt::format("{} is {}; the table says {}", key, found, expected);
}

/// Of the entry, by one of its runs: of those that begin with another's weights one that has them.
void assert_counts(ChosenEntry& c, const SeedRun& run) {
  std::vector<std::string> words = {this_program(), "plan", "--json"};
  const std::vector<std::string> flags = words_of(c.settings);
  words.insert(words.end(), flags.begin(), flags.end());
  if (!run.source.empty()) words.insert(words.end(), {"--pretrained", run.weights().string()});
  const ProgramOutput plan = run_program(words);
  if (plan.exit_code != 0) {
    c.state = EntryState::failed;
    c.message = first_complaint(plan);
    return;
  }
  c.plan = nlohmann::json::parse(plan.output);
  const StandIn* other = c.stand_in ? &*c.entry->stand_in : nullptr;
  assert_count(c, c.plan, "trainable_params",
               other ? other->trainable.value_or(c.entry->trainable) : c.entry->trainable);
  if (c.entry->target && !other) assert_count(c, c.plan, "target_params", *c.entry->target);
}

}  // namespace

Settings on_stand_in(Settings settings, const StandIn& other) {
  settings = merged(std::move(settings), other.settings);
  settings["data"] = {other.data};
  return settings;
}

bool matches(const std::string& glob, const std::string& name) {
  return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

Campaign choose(const Table& table, const CampaignOptions& options) {
  if (!options.memory_budget.empty()) parse_bytes(options.memory_budget, "--memory-budget");
  const auto asked_for = [&](const Row& row, const Entry& entry) {
    return matches(options.rows, row.name) &&
           (options.data.empty() || options.data == entry.data) &&
           (!options.quick || entry.in_quick_tier) && (!options.paper_rows || row.beyond.empty());
  };
  const auto is_source = [&](const Row& source, const Entry& of) {
    for (const Row& row : table.rows)
      for (const Entry& entry : row.entries)
        if (entry.pretrained_from == source.name && entry.data == of.data &&
            row.unsupported.empty() && asked_for(row, entry))
          return true;
    return false;
  };
  Campaign campaign{&table, options.quick, {}};
  for (const Row& row : table.rows)
    for (const Entry& entry : row.entries)
      if (asked_for(row, entry) || is_source(row, entry))
        campaign.entries.push_back(chosen(table, row, entry, options));
  link_sources(campaign);
  return campaign;
}

void check_before_training(Campaign& campaign, const CampaignOptions& options) {
  std::map<std::string, DataFinding> findings;  // by data set
  const auto look = [&](const std::string& data) {
    if (!findings.contains(data)) findings[data] = check_data(data, folder_of(data, options));
    return findings[data];
  };
  for (ChosenEntry& c : campaign.entries) {
    if (c.state != EntryState::pending) continue;
    DataFinding found = look(c.entry->data);
    if (found.state == DataState::absent && options.stand_in && c.entry->stand_in) {
      const StandIn& other = *c.entry->stand_in;
      found = look(other.data);
      if (found.state == DataState::there) {
        c.stand_in = true;
        c.settings = on_stand_in(c.settings, other);
      }
    }
    if (found.state != DataState::there) {
      c.state = found.state == DataState::absent ? EntryState::no_data : EntryState::failed;
      c.message = found.message;
      continue;
    }
    const std::string folder = folder_of(c.data(), options);
    if (!folder.empty()) c.settings["data-dir"] = {folder};
    settle_runs(c, *campaign.table, options);
  }
  link_sources(campaign);
  for (ChosenEntry& c : campaign.entries)
    if (c.state == EntryState::pending &&
        (c.entry->pretrained_from.empty() || has_weights(campaign, c)))
      assert_counts(c, c.runs.front());
}

void prepare_weights(ChosenEntry& c, const SeedRun& run) {
  const ProgramOutput exported = run_program(
      {this_program(), "export", "--run", run.source.string(), "--out", run.weights().string()});
  if (exported.exit_code != 0) {
    c.state = EntryState::failed;
    c.message = first_complaint(exported);
    return;
  }
  if (c.plan.is_null()) assert_counts(c, run);
}

void read_results(SeedRun& run) {
  const auto read = [](const std::string& text, const std::filesystem::path& file) {
    nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object())
      fail("{}: is damaged: expected an object of JSON; the same command trains the run again",
           file.string());
    return json;
  };
  const RunFolder folder{run.folder};
  run.result = read(read_file(folder.result()), folder.result());
  run.metrics = nlohmann::json::array();
  std::istringstream lines(read_file(folder.metrics()));
  for (std::string line; std::getline(lines, line);)
    run.metrics.push_back(read(line, folder.metrics()));
  run.done = true;
}

void settle(ChosenEntry& c, const Table& table) {
  if (c.state != EntryState::pending ||
      !std::ranges::all_of(c.runs, [](const SeedRun& run) { return run.done; }))
    return;
  c.state = EntryState::done;
  for (const SeedRun& run : c.runs)
    for (const Metric* metric : table.metrics) {
      const std::string key = fmt::format("test_{}", metric->name);
      if (run.result.contains(key) && run.result[key].is_number()) continue;
      c.state = EntryState::failed;
      c.message = fmt::format("seed {} has no {}: it diverged, or its mapnet does not measure it",
                              run.seed, key);
      return;
    }
}

void find_done(Campaign& campaign) {
  for (ChosenEntry& c : campaign.entries) {
    if (c.state != EntryState::pending) continue;
    for (SeedRun& run : c.runs) {
      if (!is_done(run)) continue;
      try {
        read_results(run);
      } catch (const Error&) {
        run.damaged = true;
      }
    }
    settle(c, *campaign.table);
  }
}

void follow_trajectories(Campaign& campaign) {
  if (!campaign.table->trajectory) return;
  const TrajectoryOptions& options = *campaign.table->trajectory;
  for (ChosenEntry& c : campaign.entries) {
    for (SeedRun& run : c.runs) {
      if (c.state != EntryState::done) break;
      try {
        const Trajectory trajectory = read_trajectory(RunFolder{run.folder});
        run.trajectory = &run == &c.runs.front() ? trajectory_json(trajectory, options)
                                                 : trajectory_numbers(trajectory, options);
      } catch (const Error& e) {
        c.state = EntryState::failed;
        c.message = fmt::format("{}; remove {} to train it again", e.what(), run.folder.string());
      }
    }
  }
}

}  // namespace mapnet
