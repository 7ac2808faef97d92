#include "harness/sweep.hpp"

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

BOOST_AUTO_TEST_CASE(a_sweep_without_validation_samples_is_refused) {
  const Folder folder;
  for (const char* settings : {"net = \"cnn2\"", "validation = 0"}) {
    const auto file = folder.write("s.toml", std::string("settings = { ") + settings + " }\n");
    check_fails([&] { read_sweep(file); }, {"s.toml", "validation"});
  }
  const auto file = folder.write("s.toml", "settings.validation = 5\n[grid]\nlr = 0.1\n");
  check_fails([&] { read_sweep(file); }, {"s.toml:3", "'lr'", "a list of values"});
  std::string many = "settings.validation = 5\n[grid]\n";
  for (const char* key : {"a", "b", "c"}) {
    many += std::string(key) + " = [";
    for (int i = 0; i < 30; ++i) many += std::to_string(i) + ",";
    many += "]\n";
  }
  const auto large = folder.write("large.toml", many);
  check_fails([&] { read_sweep(large); }, {"large.toml", "more than 10000 points"});
}

BOOST_AUTO_TEST_CASE(a_sweep_is_run_ranked_and_gone_on_with) {
  const Folder folder;
  const std::string at = folder.path.string();
  folder.write("rates.toml", kSweep);
  const std::string command = "sweep " + at + "/rates.toml --jobs 2 --runs " + at + "/runs";
  check_outcome(command, 0, {"8 of 8", "rates.jsonl: 4 points"});
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
  check_outcome(command, 0, {"4 points"});
  BOOST_TEST(read_file(at + "/rates.jsonl") == text);  // seconds too: nothing was trained again
  check_outcome(command + " --memory-budget 1MiB", 1, {"nothing fits"});  // it reaches the runs
  check_outcome(command + " --memory-budget lots", 2, {"--memory-budget 'lots'"});
}
