#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "harness/report.hpp"

/// What a report keeps of the one before it, and how that is judged.
using namespace mapnet;
using namespace mapnet::test;
using nlohmann::json;

namespace {

Settings settings(const std::string& latent) {
  return {{"lr", {"0.05"}}, {"net", {"cnn2"}}, {"latent", {latent}}};
}

Row row(const std::string& name) {
  Row r;
  r.name = name;
  r.seeds = {1, 2};
  Entry& entry = r.entries.emplace_back();
  entry.data = "mnist";
  entry.settings = settings("64");
  entry.paper["accuracy"] = 90;
  return r;
}

/// Rows "first" and "second", and a report of both, trained with latent = 64: 95% and 85%.
struct Before {
  Table table;
  json report;

  Before() {
    table.id = "table9";
    table.metrics = {find_metric("accuracy")};
    table.tolerance["accuracy"] = 0.5;
    table.rows = {row("first"), row("second")};
    report = run({{"first", 0.95}, {"second", 0.85}});
  }

  /// The report of a campaign that chose these rows.
  json run(const std::vector<std::pair<std::string, double>>& rows,
           EntryState state = EntryState::done, bool stand_in = false) const {
    Campaign campaign{&table, false, {}};
    for (const Row& r : table.rows)
      for (const auto& [name, accuracy] : rows) {
        if (r.name != name) continue;
        ChosenEntry& c = campaign.entries.emplace_back();
        c.row = &r;
        c.entry = &r.entries[0];
        c.state = state;
        c.stand_in = stand_in;
        for (const int seed : {1, 2}) {
          SeedRun& of_seed = c.runs.emplace_back();
          of_seed.seed = seed;
          of_seed.words = {"train", "--seed", std::to_string(seed), "--device", "cpu"};
          for (const std::string& word : words_of(r.entries[0].settings))
            of_seed.words.push_back(word);
          if (const Entry* source = find_entry(table, r.entries[0].pretrained_from, "mnist")) {
            of_seed.source = "runs/source";
            of_seed.source_words = words_of(source->settings);
          }
          of_seed.done = state == EntryState::done;
          if (!of_seed.done) continue;
          of_seed.result = {
              {"test_accuracy", accuracy}, {"train_accuracy", 1.0}, {"trainable_params", 64}};
          of_seed.metrics = json::array();
        }
      }
    return report_json(report_of(campaign));
  }

  /// The second row trains half of what the first, the baseline, does.
  json report_with_baseline() const {
    json all = report;
    all["table"] = table.id;
    all["baseline"] = "first";
    all["entries"][1]["trainable_params"] = 32;
    return all;
  }

  /// The second row of what these tables make of a report.
  std::string state_of_second(const json& of) const {
    return judged_by(of, table)["entries"][1]["state"];
  }

  /// What is written when these rows were chosen.
  json now(const std::vector<std::pair<std::string, double>>& rows,
           EntryState state = EntryState::done) const {
    json all = run(rows, state);
    keep_other_entries(all, report, table);
    return all;
  }
};

}  // namespace

// `--rows` renews the rows it chooses; what was trained before stays in the report, in the table's
// order.
BOOST_AUTO_TEST_CASE(a_report_keeps_the_rows_that_were_not_chosen) {
  Before before;
  json dropped = before.report["entries"][0];
  dropped["row"] = "no longer in the table";
  before.report["entries"].insert(before.report["entries"].begin(), dropped);
  const json now = before.now({{"first", 0.91}});
  BOOST_TEST(now["summary"].get<std::string>() == "1 exceeded, 1 not reached");
  BOOST_TEST_REQUIRE(now["entries"].size() == 2u);
  BOOST_TEST(now["entries"][0]["metrics"][0]["test"]["mean"].get<double>() == 91.0,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST((now["entries"][1] == before.report["entries"][2]));
  before.report["quick"] = true;  // another tier's figures are of other settings
  BOOST_TEST(before.now({{"first", 0.91}})["entries"].size() == 1u);
}

// References, tolerances and the paper's figures are the table's of today; what was measured stays.
BOOST_AUTO_TEST_CASE(what_is_kept_is_judged_by_the_table_as_it_is) {
  Before before;
  Row& second = before.table.rows[1];
  second.seeds = {1, 2, 3};
  second.note = "noted since";
  second.comparable = false;
  second.entries[0].paper["accuracy"] = 85.4;
  second.entries[0].references["accuracy"] = {87, 1, 2, "cpu", "2026-11-24", "abc"};
  const json now = before.now({{"first", 0.95}});
  BOOST_TEST(now["summary"].get<std::string>() == "1 exceeded, 1 reproduced, 1 regressed");
  const json& kept = now["entries"][1];
  const json& metric = kept["metrics"][0];
  BOOST_TEST(metric["paper"] == 85.4);
  BOOST_TEST(metric["gap"].get<double>() == -0.4, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(metric["against_paper"] == "reproduced");
  BOOST_TEST(metric["reference"]["mean"] == 87);
  BOOST_TEST(metric["against_reference"] == "regressed");
  BOOST_TEST((metric["test"] == before.report["entries"][1]["metrics"][0]["test"]));
  BOOST_TEST((kept["runs"] == before.report["entries"][1]["runs"]));
  BOOST_TEST(kept["seeds"] == 3);
  BOOST_TEST(kept["note"] == "noted since");
  BOOST_TEST(kept["comparable"] == false);
  BOOST_TEST(!kept.contains("outdated"));
  BOOST_TEST((judged_by(now, before.table) == now));
}

// A metric that was never measured is no figure; the others are not given up for it.
BOOST_AUTO_TEST_CASE(a_metric_that_a_table_has_since_can_be_taken_out_again) {
  Before before;
  const json done = before.now({{"first", 0.95}});
  before.table.metrics.push_back(find_metric("loss"));
  before.table.tolerance["loss"] = 0.1;
  const json failed = judged_by(done, before.table);
  BOOST_TEST(failed["entries"][1]["state"] == "failed");
  BOOST_TEST(failed["entries"][1]["message"].get<std::string>().find("test_loss") !=
             std::string::npos);
  json no_data = before.run({{"second", 0}}, EntryState::no_data);
  keep_other_entries(no_data, failed, before.table);
  BOOST_TEST((no_data["entries"] == failed["entries"]));
  before.table.metrics.pop_back();
  before.table.tolerance.erase("loss");
  BOOST_TEST((judged_by(failed, before.table) == done));
}

// What failed of anything else is no figure however often it is judged.
BOOST_AUTO_TEST_CASE(what_was_not_measured_stays_failed) {
  Before before;
  BOOST_TEST(before.state_of_second(
                 before.run({{"first", 0}, {"second", 0}}, EntryState::failed)) == "failed");
  json one_seed = before.report;
  one_seed["entries"][1]["state"] = "failed";
  one_seed["entries"][1]["message"] = "no space left";
  one_seed["entries"][1]["runs"][1].erase("result");
  BOOST_TEST(before.state_of_second(one_seed) == "failed");
  BOOST_TEST(judged_by(one_seed, before.table)["entries"][1]["message"] == "no space left");
  json no_snapshots = before.report;
  no_snapshots["entries"][1]["state"] = "failed";
  before.table.trajectory = TrajectoryOptions{};
  BOOST_TEST(before.state_of_second(no_snapshots) == "failed");
}

BOOST_AUTO_TEST_CASE(what_was_trained_with_other_settings_is_not_judged) {
  Before before;
  before.table.rows[1].entries[0].settings = settings("128");
  before.table.rows[1].entries[0].references["accuracy"] = {80, 1, 2, "cpu", "2026-11-24", "abc"};
  json now = before.now({{"first", 0.95}});
  BOOST_TEST(now["summary"].get<std::string>() == "1 exceeded, 1 of other settings");
  const json& kept = now["entries"][1];
  BOOST_TEST(kept["outdated"] == true);
  for (const char* key : {"gap", "against_paper", "against_reference"})
    BOOST_TEST(!kept["metrics"][0].contains(key), key);
  const std::string text = report_markdown(now);
  BOOST_TEST(text.find("| other settings |") != std::string::npos, text);
  // The settings come back.
  before.table.rows[1].entries[0].settings = settings("64");
  now = judged_by(now, before.table);
  BOOST_TEST(now["summary"].get<std::string>() ==
             "1 exceeded, 1 not reached, 1 held to their reference");
  BOOST_TEST(!now["entries"][1].contains("outdated"));
}

// What it began with is what it is: a source trained otherwise would have given other weights.
BOOST_AUTO_TEST_CASE(what_began_with_weights_of_other_settings_is_not_judged) {
  Before before;
  before.table.rows[1].entries[0].pretrained_from = "first";
  json report = before.run({{"first", 0.95}, {"second", 0.85}});
  BOOST_TEST(judged_by(report, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 not reached");
  before.table.rows[0].entries[0].settings = settings("128");
  BOOST_TEST(judged_by(report, before.table)["summary"].get<std::string>() ==
             "2 of other settings");
  for (json& run : report["entries"][1]["runs"]) run.erase("source_command");  // an older report
  BOOST_TEST(judged_by(report, before.table)["summary"].get<std::string>() ==
             "1 not reached, 1 of other settings");
}

// It began with its seed; and what began with another's weights, where the table has none.
BOOST_AUTO_TEST_CASE(what_began_otherwise_than_the_table_says_is_not_judged) {
  Before before;
  const json from_seed = before.report;
  before.table.rows[1].entries[0].pretrained_from = "first";
  BOOST_TEST(judged_by(from_seed, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 of other settings");
  json from_weights = before.run({{"first", 0.95}, {"second", 0.85}});
  for (json& run : from_weights["entries"][1]["runs"]) run.erase("source_command");  // older
  BOOST_TEST(judged_by(from_weights, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 not reached");
  before.table.rows[1].entries[0].pretrained_from.clear();
  BOOST_TEST(judged_by(from_weights, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 of other settings");
}

// Weights in a file that the table names are a setting as any other.
BOOST_AUTO_TEST_CASE(what_began_with_another_file_of_weights_is_not_judged) {
  Before before;
  Settings& second = before.table.rows[1].entries[0].settings;
  second["pretrained"] = {"a.safetensors"};
  const json from_a = before.run({{"first", 0.95}, {"second", 0.85}});
  BOOST_TEST(judged_by(from_a, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 not reached");
  BOOST_TEST(judged_by(before.report, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 of other settings");
  second["pretrained"] = {"b.safetensors"};
  BOOST_TEST(judged_by(from_a, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 of other settings");
  second.erase("pretrained");
  BOOST_TEST(judged_by(from_a, before.table)["summary"].get<std::string>() ==
             "1 exceeded, 1 of other settings");
}

// Where and how a run was made makes no other settings of it.
BOOST_AUTO_TEST_CASE(what_may_differ_from_run_to_run_makes_no_other_settings) {
  const Before before;
  for (const char* key :
       {"data-dir", "device", "memory-budget", "seed", "snapshot-every", "threads"}) {
    json report = before.report;
    for (json& run : report["entries"][1]["runs"])
      run["command"] = run["command"].get<std::string>() + " --" + key + " 1";
    BOOST_TEST(!judged_by(report, before.table)["entries"][1].contains("outdated"), key);
  }
  json other = before.report;
  for (json& run : other["entries"][1]["runs"])
    run["command"] = run["command"].get<std::string>() + " --micro-batch 1";
  BOOST_TEST(judged_by(other, before.table)["entries"][1]["outdated"] == true);
}

// A budget that divides the batches of a network that normalises changes what is trained.
BOOST_AUTO_TEST_CASE(batches_that_a_budget_divided_are_other_settings_where_they_normalise) {
  Before before;
  json report = before.report;
  const auto is_outdated = [&] {
    return judged_by(report, before.table)["entries"][1].contains("outdated");
  };
  for (json& run : report["entries"][1]["runs"]) run["result"]["footprint"] = {{"micro_batch", 1}};
  BOOST_TEST(!is_outdated());
  for (json& run : report["entries"][1]["runs"]) run["result"]["running_statistics"] = 2368;
  BOOST_TEST(is_outdated());
  for (json& run : report["entries"][1]["runs"]) run["result"]["footprint"]["micro_batch"] = 0;
  BOOST_TEST(!is_outdated());
}

// The table of today says what is not supported; a figure that was measured is not given up.
BOOST_AUTO_TEST_CASE(what_is_not_supported_is_told_from_what_has_no_data) {
  Before before;
  json report = before.run({{"first", 0}, {"second", 0}}, EntryState::no_data);
  for (json& entry : report["entries"]) entry["message"] = "ask for it";
  before.table.rows[0].unsupported = "it reads no videos";
  report = judged_by(report, before.table);
  BOOST_TEST(report["summary"].get<std::string>() == "1 without data, 1 not supported");
  BOOST_TEST(report["entries"][0]["state"] == "not supported");
  BOOST_TEST(report["entries"][0]["message"] == "it reads no videos");
  BOOST_TEST(report["entries"][0]["runs"].empty());
  BOOST_TEST((judged_by(report, before.table) == report));
  before.table.rows[0].unsupported.clear();
  report = judged_by(report, before.table);
  BOOST_TEST(report["summary"].get<std::string>() == "1 without data, 1 not run");
  BOOST_TEST(!report["entries"][0].contains("message"));
}

BOOST_AUTO_TEST_CASE(what_was_done_is_not_replaced_by_what_was_not_run) {
  const Before before;
  for (const EntryState state : {EntryState::no_data, EntryState::pending, EntryState::unsupported})
    BOOST_TEST((before.now({{"first", 0}}, state)["entries"] == before.report["entries"]));
  BOOST_TEST(before.now({{"first", 0}}, EntryState::failed)["summary"].get<std::string>() ==
             "1 not reached, 1 failed");
}

// A run that failed is what comes of the row now; one that could not begin says nothing of it.
BOOST_AUTO_TEST_CASE(what_was_done_is_not_replaced_by_what_could_not_begin) {
  const Before before;
  json now = before.run({{"first", 0}}, EntryState::failed);
  now["entries"][0]["began"] = false;
  keep_other_entries(now, before.report, before.table);
  BOOST_TEST((now["entries"] == before.report["entries"]));
}

// The paper's figure is of the real data.
BOOST_AUTO_TEST_CASE(what_was_done_is_not_replaced_by_what_a_stand_in_gave) {
  Before before;
  before.table.rows[0].entries[0].stand_in = StandIn{"fashion-mnist", {}, std::nullopt, {}};
  for (const EntryState state : {EntryState::done, EntryState::failed}) {
    json now = before.run({{"first", 0.99}}, state, true);
    BOOST_TEST(now["entries"][0]["stand_in_for"] == "mnist");
    keep_other_entries(now, before.report, before.table);
    BOOST_TEST((now["entries"] == before.report["entries"]));
  }
  json real = before.run({{"first", 0.93}});
  keep_other_entries(real, before.run({{"first", 0.99}}, EntryState::done, true), before.table);
  BOOST_TEST_REQUIRE(real["entries"].size() == 1u);
  BOOST_TEST(!real["entries"][0].contains("stand_in_for"));
}

// Neither what cannot be read nor what is something else.
BOOST_AUTO_TEST_CASE(what_is_no_report_of_the_table_is_not_written_over) {
  const Before before;
  const Folder folder;
  const Campaign campaign{&before.table, false, {}};
  BOOST_TEST(report_before(campaign, folder.path).is_null());
  json other = before.report, quick = before.report;
  other["table"] = "table1";
  quick["quick"] = true;
  for (const auto& [text, what] :
       {std::pair<std::string, const char*>("{ \"schema\": 1,", "no JSON"),
        {"{\"mine\": 1}", "expected a report of table9"},
        {other.dump(), "expected a report of table9"},
        {quick.dump(), "expected a report of table9"}}) {
    const std::string file = folder.write("table9.json", text);
    check_fails([&] { write_reports({report_of(campaign)}, folder.path); }, {file, what});
    BOOST_TEST(read_file(file) == text);
  }
  folder.write("table9.json", before.report.dump());
  BOOST_TEST((report_before(campaign, folder.path) == before.report));
}

// Pictures need another program, and wait until all figures are written.
BOOST_AUTO_TEST_CASE(a_picture_that_fails_costs_no_report) {
  Before before, other;
  other.table.id = "table10";
  const Folder folder;
  std::filesystem::permissions(folder.write("bin/gnuplot", "#!/bin/sh\nexit 1\n"),
                               std::filesystem::perms::owner_all);
  const Environment programs("PATH", (folder.path / "bin").c_str());
  std::vector<Campaign> campaigns;
  for (Before* of : {&before, &other}) {
    of->table.baseline = "first";
    folder.write("reports/" + of->table.id + ".json", of->report_with_baseline().dump());
    campaigns.push_back({&of->table, false, {}});
  }
  const auto stored =
      write_reports({report_of(campaigns[0]), report_of(campaigns[1])}, folder.path / "reports");
  check_fails([&] { write_pictures(stored, folder.path / "reports"); }, {"gnuplot"});
  for (const char* id : {"table9", "table10"}) {
    const auto file = folder.path / "reports" / (std::string(id) + ".md");
    BOOST_TEST_REQUIRE(std::filesystem::exists(file), file);
    BOOST_TEST(read_file(file).find("reach 99% of first") != std::string::npos, file);
  }
}

// A folder's reports judged by the tables, without a run; without tables they stay as they are.
BOOST_AUTO_TEST_CASE(reports_are_judged_anew_by_tables) {
  Before before;
  const Folder folder;
  const auto file = folder.write("table9.json", before.report.dump(2) + "\n");
  const auto stored = [&] { return json::parse(read_file(file)); };
  before.table.rows[1].entries[0].references["accuracy"] = {80, 1, 2, "cpu", "2026-11-24", "abc"};
  redraw_reports(folder.path, {});
  BOOST_TEST((stored() == before.report));
  redraw_reports(folder.path, {before.table});
  BOOST_TEST(stored()["summary"].get<std::string>() ==
             "1 exceeded, 1 not reached, 1 held to their reference");
  BOOST_TEST(stored()["version"] == before.report["version"]);
  BOOST_TEST(read_file(folder.path / "table9.md") == report_markdown(stored()));
}

// Renamed rows would leave nothing of the only measured figures: nothing at all is written then.
BOOST_AUTO_TEST_CASE(a_table_that_has_no_row_of_a_report_judges_none) {
  Before before, other;
  other.table.id = "table1";
  other.report["table"] = "table1";
  other.table.rows[1].note = "noted since";
  const Folder folder;
  const std::string file = folder.write("table9.json", before.report.dump());
  folder.write("table1.json", other.report.dump());
  for (Row& row : before.table.rows) row.name += "-renamed";
  before.table.file = "tables/table9.toml";
  check_fails(
      [&] {
        redraw_reports(folder.path, {before.table, other.table});
      },
      {file, "tables/table9.toml", "--tables"});
  BOOST_TEST(read_file(file) == before.report.dump());
  BOOST_TEST(read_file(folder.path / "table1.json") == other.report.dump());
  BOOST_TEST(!std::filesystem::exists(folder.path / "table1.md"));
}

BOOST_AUTO_TEST_CASE(json_of_others_is_passed_over) {
  const Before before;
  const Folder folder;
  folder.write("table9.json", before.report.dump());
  for (const char* other : {R"({"schema": "https://json-schema.org", "entries": [1]})",
                            R"({"schema": 1, "table": 9, "entries": [1]})",
                            R"({"schema": 1, "table": "table9", "entries": {}})"}) {
    folder.write("other.json", other);
    BOOST_TEST(stored_reports(folder.path).size() == 1u, other);
    json now = before.report;
    keep_other_entries(now, json::parse(other), before.table);
    BOOST_TEST((now == before.report), other);
  }
}
