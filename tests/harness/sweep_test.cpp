#include "harness/sweep.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.hpp"
#include "common/temporary.hpp"

/// `mapnet sweep`: a grid of settings, judged on validation samples.
using namespace mapnet;
using namespace mapnet::test;

namespace {

const std::string kSweep = R"(seeds = [1, 2]
settings = { net = "cnn2", data = "noise-1x28x28x10", validation = 56, batch = 20, epochs = 1 }
[grid]
lr = [0.01, 0.1]
[[points]]
strategy = "slvt"
latent = 100
[[points]]
strategy = "lwt"
latents = [5, 10, 20, 10]
)";

}  // namespace

BOOST_AUTO_TEST_CASE(points_and_grid_make_every_combination) {
  const Folder folder;
  const Table table = read_sweep(folder.write("rates.toml", kSweep));
  BOOST_TEST(table.id == "rates");
  std::vector<std::string> lines;
  for (const Row& row : table.rows)
    lines.push_back(command_line(words_of(row.entries[0].settings)));
  BOOST_REQUIRE(lines.size() == 4u);
  BOOST_TEST(lines[0] ==
             "--batch 20 --data noise-1x28x28x10 --epochs 1 --latent 100 --lr 0.01 --net cnn2 "
             "--strategy slvt --validation 56");
  BOOST_TEST(lines[3] ==
             "--batch 20 --data noise-1x28x28x10 --epochs 1 --latents 5 10 20 10 --lr 0.1 --net "
             "cnn2 --strategy lwt --validation 56");
}

// Its folders are found again wherever it stands in the file.
BOOST_AUTO_TEST_CASE(a_point_is_called_by_its_settings) {
  const Folder folder;
  const auto names = [&](const std::string& text) {
    std::vector<std::string> all;
    for (const Row& row : read_sweep(folder.write("rates.toml", text)).rows)
      all.push_back(row.name);
    return all;
  };
  const std::string settings = "settings = { validation = 5, augment-flip = false }\n";
  const auto two = names(settings + "[grid]\nlr = [0.1, 0.2]\n");
  const auto three = names(settings + "[grid]\nlr = [0.3, 0.1, 0.2]\n");
  BOOST_REQUIRE(two.size() == 2u);
  BOOST_REQUIRE(three.size() == 3u);
  BOOST_TEST(two[0].size() == 12u);
  BOOST_TEST(two[0].find_first_not_of("0123456789abcdef") == std::string::npos);
  BOOST_TEST(two[0] != two[1]);
  BOOST_TEST(three[1] == two[0]);
  BOOST_TEST(three[2] == two[1]);
  // What is the same is one point: two runs would lie in one folder.
  BOOST_TEST((names(settings + "[grid]\nlr = [0.1, 0.2, 0.1]\n") == two));
  // `false` is no word of a command.
  BOOST_TEST((names("settings.validation = 5\n[grid]\nlr = [0.1, 0.2]\n") == two));
}

BOOST_AUTO_TEST_CASE(a_sweep_without_validation_samples_is_refused) {
  const Folder folder;
  for (const char* settings : {"net = \"cnn2\"", "validation = 0"}) {
    const auto file = folder.write("s.toml", std::string("settings = { ") + settings + " }\n");
    check_fails<UsageError>([&] { read_sweep(file); }, {"s.toml", "validation"});
  }
  const auto file = folder.write("s.toml", "settings.validation = 5\n[grid]\nlr = 0.1\n");
  check_fails<UsageError>([&] { read_sweep(file); }, {"s.toml:3", "'lr'", "a list of values"});
  const auto seeds = folder.write("s.toml", "settings.validation = 5\n[grid]\nseed = [1, 2]\n");
  check_fails<UsageError>([&] { read_sweep(seeds); }, {"s.toml:3", "'seed'", "seeds = ["});
  for (const char* text : {"settings.validation = 5\nsettings.epochs = 1\n[grid]\nlrr = [1]\n",
                           "settings.validation = 5\n[grid]\nlr = [1]\nlrr = [0.1]\n",
                           "settings.validation = 5\n[[points]]\nlr = 1\nlrr = 0.1\n"}) {
    const auto misspelt = folder.write("s.toml", text);
    check_fails<UsageError>(
        [&] { read_sweep(misspelt, [](const std::string& flag) { return flag != "lrr"; }); },
        {"s.toml:4", "unknown setting 'lrr'"});
  }
  std::string many = "settings.validation = 5\n[grid]\n";
  for (const char* key : {"a", "b", "c"}) {
    many += std::string(key) + " = [";
    for (int i = 0; i < 30; ++i) many += std::to_string(i) + ",";
    many += "]\n";
  }
  const auto large = folder.write("large.toml", many);
  check_fails<UsageError>([&] { read_sweep(large); }, {"large.toml", "more than 10000 points"});
}

BOOST_AUTO_TEST_CASE(a_sweep_is_run_ranked_and_gone_on_with) {
  const Folder folder;
  const std::string at = folder.path.string();
  folder.write("rates.toml", kSweep);
  const std::string command = "sweep " + at + "/rates.toml --jobs 2 --runs " + at + "/runs";
  check_outcome(command, 0, {"8 of 8", "rates.jsonl: 4 of 4 points done"});
  const std::string text = read_file(at + "/rates.jsonl");
  std::istringstream lines(text);
  double before = 2;
  std::size_t n = 0;
  for (std::string line; std::getline(lines, line); ++n) {
    const auto json = nlohmann::json::parse(line);
    const double accuracy = json.at("validation_accuracy");
    BOOST_TEST(accuracy <= before);
    before = accuracy;
    BOOST_TEST(line.find("test_") == std::string::npos);  // no choice looks at test samples
  }
  BOOST_TEST(n == 8u);
  check_outcome(command, 0, {"4 of 4 points"});
  BOOST_TEST(read_file(at + "/rates.jsonl") == text);  // seconds too: nothing was trained again
  check_outcome(command + " --memory-budget 1MiB", 1, {"nothing fits"});  // it reaches the runs
  check_outcome(command + " --memory-budget lots", 2, {"--memory-budget 'lots'"});
  check_outcome(command + " --device gpu", 2, {"--device is gpu"});
  std::size_t models = 0;  // of runs that are done: none made room for what could not begin
  for (const auto& file : std::filesystem::recursive_directory_iterator(at + "/runs"))
    models += file.path().filename() == "model.latent";
  BOOST_TEST(models == 8u);
}

// A file of results is what trainings of hours came to: no line is lost but to the same run anew.
BOOST_AUTO_TEST_CASE(a_sweep_keeps_what_it_does_not_run_anew) {
  const Folder folder;
  const std::string at = folder.path.string();
  const auto write = [&](const std::string& epochs) {
    folder.write("s.toml",
                 "settings = { net = \"cnn2\", data = \"noise-1x28x28x10\", validation = 56, batch "
                 "= 20, strategy = \"slvt\", latent = 100 }\n[grid]\nepochs = [" +
                     epochs + "]\n");
  };
  const std::string command = "sweep " + at + "/s.toml --runs " + at + "/runs --threads 1";
  write("1");
  const auto lines = [&] { return read_sweep_lines(at + "/s.jsonl"); };
  check_outcome(command, 0, {"1 of 1 points done"});
  const nlohmann::json own = lines().at(0);
  nlohmann::json seed = own, old = own, settings = own;
  seed["seed"] = 2;
  seed["validation_accuracy"] = nullptr;  // it diverged
  old["validation_accuracy"] = 2;         // of the run that is there
  settings["settings"] = "--lr 9";
  settings["validation_accuracy"] = 1.5;  // maybe of other data: behind this sweep's all the same
  folder.write("s.jsonl", seed.dump() + "\n" + old.dump() + "\n" + settings.dump() + "\n");
  check_outcome(command, 0, {"1 of 1 points done"});
  BOOST_TEST((lines() == std::vector<nlohmann::json>{own, seed, settings}));

  // A value more, and before it: what is there is not trained again.
  write("2, 1");
  check_outcome(command, 0, {"2 of 2 points done"});
  const std::vector<nlohmann::json> grown = lines();
  BOOST_TEST(grown.size() == 4u);
  BOOST_TEST(std::count(grown.begin(), grown.end(), own) == 1);
  folder.write("s.jsonl", own.dump() + "\n" + seed.dump() + "\n" + settings.dump() + "\n");

  write("\"ten\"");  // which is for its run to refuse
  check_outcome(command, 1, {"0 of 1 points done", "1 of 1 points failed"});
  BOOST_TEST((lines() == std::vector<nlohmann::json>{own, seed, settings}));

  folder.write("notes.txt", "not a run\n");
  check_outcome(command + " --out " + at + "/notes.txt", 2, {"notes.txt:1", "--out"});
  BOOST_TEST(read_file(at + "/notes.txt") == "not a run\n");
}

// Its figure was of an earlier program: it is no choice's any more.
BOOST_AUTO_TEST_CASE(a_point_that_failed_does_not_keep_its_earlier_figure) {
  const Folder folder;
  const std::string at = folder.path.string();
  folder.write(
      "s.toml",
      "settings = { validation = 56, net = \"cnn2\", data = \"noise-1x28x28x10\", epochs = "
      "1, require-accuracy = 1 }\n");
  const nlohmann::json before = {{"point", "p"},
                                 {"settings",
                                  "--data noise-1x28x28x10 --epochs 1 --net cnn2 "
                                  "--require-accuracy 1 --validation 56"},
                                 {"seed", 1},
                                 {"seconds", 9.5},
                                 {"validation_accuracy", 0.9}};
  nlohmann::json other = before;
  other["seed"] = 2;
  folder.write("s.jsonl", before.dump() + "\n" + other.dump() + "\n");
  const std::string command = "sweep " + at + "/s.toml --runs " + at + "/runs --threads 1";
  for (int times = 0; times < 2; ++times) {  // what it once came to is kept, however often it fails
    check_outcome(command, 1, {"1 of 1 points failed"});
    const std::vector<nlohmann::json> lines = read_sweep_lines(at + "/s.jsonl");
    BOOST_REQUIRE(lines.size() == 2u);
    BOOST_TEST(!lines[0].contains("validation_accuracy"));
    BOOST_TEST(!lines[0].contains("seconds"));
    BOOST_TEST(lines[0]["earlier"]["validation_accuracy"] == 0.9);
    BOOST_TEST(lines[0]["earlier"]["seconds"] == 9.5);
    BOOST_TEST(lines[0]["failed"].get<std::string>().find("accuracy") != std::string::npos);
    BOOST_TEST((lines[1] == other));  // not of this sweep
  }
}

BOOST_AUTO_TEST_CASE(a_refused_point_keeps_its_figure) {
  const Folder folder;
  const std::string at = folder.path.string();
  folder.write("s.toml", "settings = { validation = 56, net = \"cnn2\", lr = \"much\" }\n");
  const nlohmann::json line = {{"point", "p"},
                               {"settings", "--lr much --net cnn2 --validation 56"},
                               {"seed", 1},
                               {"validation_accuracy", 0.9}};
  folder.write("s.jsonl", line.dump() + "\n");
  check_outcome("sweep " + at + "/s.toml --runs " + at + "/runs --threads 1", 1,
                {"1 of 1 points failed", "--lr"});
  BOOST_TEST((read_sweep_lines(at + "/s.jsonl") == std::vector<nlohmann::json>{line}));
}

BOOST_AUTO_TEST_CASE(what_of_a_point_began_decides_on_its_figures) {
  const Folder folder;
  const Table table = read_sweep(folder.write("rates.toml", kSweep));
  Campaign campaign = choose(table, {});
  ChosenEntry& entry = campaign.entries[0];
  std::vector<nlohmann::json> lines;
  for (const int seed : {1, 2})
    lines.push_back({{"settings", command_line(words_of(entry.entry->settings))},
                     {"seed", seed},
                     {"validation_accuracy", 0.9}});
  entry.state = EntryState::failed;
  entry.message = "nothing fits";
  BOOST_TEST((without_failed(campaign, lines) == lines));
  entry.runs[1].begun = true;  // the seed that shows what the point comes to now
  for (const nlohmann::json& line : without_failed(campaign, lines)) {
    BOOST_TEST(line["failed"] == "nothing fits");
    BOOST_TEST(!line.contains("validation_accuracy"));
  }
  entry.runs[0].done = true;
  BOOST_TEST((without_failed(campaign, lines)[0] == lines[0]));
  entry.state = EntryState::pending;
  BOOST_TEST((without_failed(campaign, lines) == lines));
}
