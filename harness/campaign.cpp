#include "harness/campaign.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <sstream>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "common/say.hpp"
#include "device/device.hpp"
#include "harness/run_record.hpp"
#include "harness/trajectory/trajectory.hpp"
#include "train/recipe.hpp"
#include "train/run_folder.hpp"

namespace mapnet {

namespace {

/// What the command line says goes before what the table says.
Settings told(Settings settings, const std::string& data, const CampaignOptions& options) {
  const auto say = [&](const char* flag, const std::string& word) {
    if (!word.empty()) settings[flag] = {word};
  };
  const auto unless_told = [&](const char* flag, const std::string& word) {
    if (!settings.contains(flag)) say(flag, word);
  };
  const auto number = [](int n) { return n > 0 ? std::to_string(n) : std::string(); };
  say("device", options.device);
  say("memory-budget", options.memory_budget);
  say("threads", number(options.threads));
  say("data-dir", options.folder_of(data));
  unless_told("device", "auto");
  unless_told("threads", number(options.threads_of_a_job));
  return settings;
}

/// Of an entry's runs. What stands in may be the data of another entry of the row, or stand in for
/// that of another, too: each has a folder of its own.
std::string data_folder(const ChosenEntry& c) {
  return c.stand_in ? c.data() + "-for-" + c.entry->data : c.data();
}

void settle_run(SeedRun& run, const ChosenEntry& c, const Table& table,
                const CampaignOptions& options) {
  Settings settings = c.settings;
  settings["seed"] = {std::to_string(run.seed)};
  run.words = {"train"};
  const std::vector<std::string> flags = words_of(settings);
  run.words.insert(run.words.end(), flags.begin(), flags.end());
  if (table.trajectory)
    run.words.insert(run.words.end(),
                     {"--snapshot-every", std::to_string(table.trajectory->snapshot_every)});
  run.folder = options.runs / (options.quick ? table.id + "-quick" : table.id) / c.row->name /
               data_folder(c) / fmt::format("seed{}", run.seed);
}

/// Runs that begin with another's weights, seed by seed, are told where these are.
void link_source(ChosenEntry& c, const ChosenEntry& source) {
  for (std::size_t i = 0; i < c.runs.size(); ++i) {
    SeedRun& run = c.runs[i];
    run.source = source.runs[i].folder;
    run.source_words = source.runs[i].words;
    if (std::ranges::find(run.words, "--pretrained") == run.words.end())
      run.words.insert(run.words.end(), {"--pretrained", run.weights().string()});
  }
}

ChosenEntry chosen(const Row& row, const Entry& entry, const CampaignOptions& options) {
  ChosenEntry c;
  c.row = &row;
  c.entry = &entry;
  c.settings = told(options.quick ? entry.quick : entry.settings, entry.data, options);
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
  return c;
}

/// Why a finished run has no figure to judge; empty where it has all of the table's.
std::string missing_figure(const SeedRun& run, const Table& table) {
  // Of logits that are none nothing is right: an accuracy of 0, which is a number.
  for (const char* loss : {"train_loss", "test_loss"})
    if (run.result.contains(loss) && run.result[loss].is_null())
      return fmt::format("seed {} diverged: its {} is no number", run.seed, loss);
  for (const Metric* metric : table.metrics) {
    const std::string key = fmt::format("test_{}", metric->name);
    if (!run.result.contains(key) || !run.result[key].is_number())
      return fmt::format("seed {} has no {}: it diverged, or its mapnet does not measure it",
                         run.seed, key);
  }
  return {};
}

}  // namespace

Settings on_stand_in(Settings settings, const StandIn& other) {
  settings = without_false(merged(std::move(settings), other.settings));
  settings["data"] = {other.data};
  return settings;
}

void take_stand_in(ChosenEntry& c, const CampaignOptions& options) {
  c.stand_in = true;
  c.settings = told(on_stand_in(c.settings, *c.entry->stand_in), c.data(), options);
}

const ChosenEntry* source_of(const Campaign& campaign, const ChosenEntry& c) {
  for (const ChosenEntry& other : campaign.entries)
    if (other.row->name == c.entry->pretrained_from && other.entry->data == c.entry->data)
      return &other;
  return nullptr;
}

void settle_runs(Campaign& campaign, const CampaignOptions& options) {
  for (ChosenEntry& c : campaign.entries)
    for (SeedRun& run : c.runs) settle_run(run, c, *campaign.table, options);
  for (ChosenEntry& c : campaign.entries)
    if (const ChosenEntry* source = source_of(campaign, c)) link_source(c, *source);
}

void require_device(const CampaignOptions& options) {
  if (options.device.empty() || resolve_device(options.device) != DeviceKind::cuda) return;
  if (const std::string why = cuda_missing(); !why.empty()) fail("--device cuda: {}", why);
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
        campaign.entries.push_back(chosen(row, entry, options));
  settle_runs(campaign, options);
  return campaign;
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
  for (const SeedRun& run : c.runs) {
    const std::string missing = missing_figure(run, table);
    if (missing.empty()) continue;
    c.state = EntryState::failed;
    c.message = missing;
    return;
  }
}

void find_done(Campaign& campaign) {
  for (ChosenEntry& c : campaign.entries) {
    if (c.state != EntryState::pending) continue;
    for (SeedRun& run : c.runs) {
      const RunState state = state_of(run);
      if (state == RunState::replaced) {
        run.damaged = true;
        mapnet::say(
            "mapnet: {}: its result.json is not the one that was finished there: somebody trained "
            "in the folder since, or it is damaged; it is trained anew\n",
            run.folder.string());
      }
      if (state != RunState::done) continue;
      try {
        read_results(run);
        run.words = recorded_words(run);  // with so many threads
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
