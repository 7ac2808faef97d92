#include "harness/campaign.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "harness/checks.hpp"
#include "harness/runner.hpp"
#include "train/run_folder.hpp"

/// What of a table is run, and how, without running it.
using namespace mapnet;
using namespace mapnet::test;

namespace {

Table table_with(const Settings& settings) {
  Table table;
  table.id = "table9";
  table.metrics = {find_metric("accuracy")};
  Row& row = table.rows.emplace_back();
  row.name = "row";
  row.seeds = {1};
  Entry& entry = row.entries.emplace_back();
  entry.data = "noise-1x28x28x10";
  entry.settings = settings;
  return table;
}

std::string told(const Settings& settings, const CampaignOptions& options) {
  const Table table = table_with(settings);
  return command_line(choose(table, options).entries.at(0).runs.at(0).words);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_table_says_how_it_is_run_where_the_command_line_does_not) {
  const Settings settings = {{"device", {"cpu"}}, {"memory-budget", {"1GiB"}}, {"threads", {"3"}}};
  CampaignOptions options;
  BOOST_TEST(told({}, options) == "train --device auto --seed 1");
  options.threads_of_a_job = 2;
  BOOST_TEST(told({}, options) == "train --device auto --seed 1 --threads 2");
  BOOST_TEST(told(settings, options) ==
             "train --device cpu --memory-budget 1GiB --seed 1 --threads 3");
  options.device = "cuda";
  options.memory_budget = "2GiB";
  options.threads = 4;
  BOOST_TEST(told(settings, options) ==
             "train --device cuda --memory-budget 2GiB --seed 1 --threads 4");
}

BOOST_AUTO_TEST_CASE(a_stand_in_says_how_it_is_run_likewise) {
  Table table = table_with({{"lr", {"1"}}, {"flip", {}}});
  table.rows[0].entries[0].stand_in =
      StandIn{"mnist", {{"device", {"cpu"}}, {"flip", {"false"}}}, std::nullopt, {}};
  CampaignOptions options;
  options.data_folders["mnist"] = "folder";
  const auto words = [&] {
    Campaign campaign = choose(table, options);
    take_stand_in(campaign.entries[0], options);
    settle_runs(campaign, options);
    return command_line(campaign.entries[0].runs[0].words);
  };
  BOOST_TEST(words() == "train --data mnist --data-dir folder --device cpu --lr 1 --seed 1");
  options.device = "cuda";
  BOOST_TEST(words() == "train --data mnist --data-dir folder --device cuda --lr 1 --seed 1");
}

// Of one row, where the data of one entry stands in for that of others: three trainings.
BOOST_AUTO_TEST_CASE(runs_on_a_stand_in_have_a_folder_of_their_own) {
  Table table = table_with({});
  Row& row = table.rows[0];
  for (const char* licensed : {"cityscapes", "camvid"}) {
    Entry& entry = row.entries.emplace_back(row.entries[0]);
    entry.data = licensed;
    entry.stand_in = StandIn{row.entries[0].data, {}, std::nullopt, {}};
  }
  CampaignOptions options;
  options.runs = "runs";
  Campaign campaign = choose(table, options);
  for (ChosenEntry& entry : campaign.entries)
    if (entry.entry->stand_in) take_stand_in(entry, options);
  settle_runs(campaign, options);
  const auto folder_of = [&](std::size_t i) { return campaign.entries[i].runs[0].folder.string(); };
  BOOST_TEST(folder_of(0) == "runs/table9/row/noise-1x28x28x10/seed1");
  BOOST_TEST(folder_of(1) == "runs/table9/row/noise-1x28x28x10-for-cityscapes/seed1");
  BOOST_TEST(folder_of(2) == "runs/table9/row/noise-1x28x28x10-for-camvid/seed1");
}

// A terminal's signal ends the checks that are under way, too: nothing is to be made of how they
// ended, and no other is begun.
BOOST_AUTO_TEST_CASE(what_is_asked_to_stop_judges_nothing) {
  const Table table = table_with({});
  std::vector<Campaign> campaigns = {choose(table, {})};
  ChosenEntry& entry = campaigns[0].entries[0];
  check_before_training(campaigns[0], {}, [] { return true; });
  BOOST_TEST((entry.state == EntryState::pending));
  BOOST_TEST(entry.message.empty());
  entry.state = EntryState::failed;  // nothing is left to be waited for
  BOOST_TEST(!run_pending(campaigns, {.stop_requested = [] { return true; }}));
  BOOST_TEST(run_pending(campaigns, {.stop_requested = [] { return false; }}));
}

// Nor are ten seconds waited for.
BOOST_AUTO_TEST_CASE(a_stop_is_heard_while_another_has_the_folder) {
  const Folder folder;
  const Table table = table_with({});
  CampaignOptions options;
  options.runs = folder.path;
  std::vector<Campaign> campaigns = {choose(table, options)};
  ChosenEntry& entry = campaigns[0].entries[0];
  std::filesystem::create_directories(entry.runs[0].folder);
  const FolderClaim theirs(entry.runs[0].folder);
  int turns = 0;
  BOOST_TEST(!run_pending(campaigns, {.stop_requested = [&] { return ++turns > 2; }}));
  BOOST_TEST((entry.state == EntryState::pending));
  BOOST_TEST(std::filesystem::is_empty(entry.runs[0].folder));
}
