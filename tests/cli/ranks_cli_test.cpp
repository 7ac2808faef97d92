#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <sstream>
#include <thread>

#include "cli/process.hpp"
#include "cli/program.hpp"
#include "common/compare.hpp"
#include "common/test_device.hpp"
#include "train/checkpoint.hpp"
#include "train/latent_file.hpp"
#include "train/snapshots.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"

/// The program under mpirun: several ranks on this machine train one run.
using namespace mapnet;
using namespace mapnet::test;

namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// Ranks that share cores must not be bound to one each, nor spin while they wait for one another.
/// Told to stop, mpirun tells its ranks after so many seconds and kills them after as many more:
/// one is its default, too few for a step on a machine that others use too.
Words mpirun(int ranks, const Words& arguments) {
  Words words = {"--oversubscribe",
                 "--allow-run-as-root",
                 "--bind-to",
                 "none",
                 "--mca",
                 "mpi_yield_when_idle",
                 "1",
                 "--mca",
                 "odls_base_sigkill_timeout",
                 "6",
                 "-n",
                 std::to_string(ranks),
                 kTestedProgram};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Words training(const ToyData& data, const RunFolder& folder, const Words& more = {}) {
  Words words = {"train", "--latent",  "256",        "--threads",  "1",
                 "--lr",  "0.01",      "--quiet",    "--device",   testing_cuda() ? "cuda" : "cpu",
                 "--out", folder.path, "--data-dir", data.folder()};
  words.insert(words.end(), more.begin(), more.end());
  if (std::find(more.begin(), more.end(), "--batch") == more.end())
    words.insert(words.end(), {"--batch", "16"});
  return words;
}

Outcome end_of(Process& process, const std::filesystem::path& output) {
  const int code = process.wait();
  return {code, read_file(output)};
}

Outcome on_ranks(int ranks, const Words& arguments, const Folder& scratch) {
  const auto output = scratch.path / "output";
  Process process(mpirun(ranks, arguments), output, MAPNET_MPIRUN);
  return end_of(process, output);
}

std::size_t count_in(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

nlohmann::json result_of(const RunFolder& folder) {
  return nlohmann::json::parse(read_file(folder.result()));
}

double apart(const RunFolder& a, const RunFolder& b) {
  return test::apart(read_latent_file(b.model()).values, read_latent_file(a.model()).values);
}

// The order of float32 sums differs, so that gradients differ by some 1e-6 of their length and ten
// steps of at most 0.01 end 1e-7 apart, as tests/train/ranks_test.cpp says, which measures both. A
// latent whose gradient is near zero may take one step the other way: 0.02 of one of 256 values of
// size 1, 1e-3 of their length. Two of them are allowed here. Two seeds, for comparison, end 1.4
// apart.
constexpr double kValues = 2e-3;
constexpr double kLoss = 1e-3;
// An answer turns where the two largest logits are closer than two runs' are apart, 1e-7 of their
// spread, or if it comes to kValues of it, for one sample in 500: of 71 at most one. The half is
// room for the rounding of a share of hits.
constexpr double kOneHit = 1.5;

/// How many of so many samples the share of hits of two runs differs by.
double hits_apart(const nlohmann::json& a, const nlohmann::json& b, const char* accuracy,
                  std::size_t samples) {
  return std::abs(a.at(accuracy).get<double>() - b.at(accuracy).get<double>()) *
         static_cast<double>(samples);
}

void check_like_one_process(const RunFolder& one, const RunFolder& several, const ToyData& data) {
  const double off = apart(one, several);
  BOOST_TEST_MESSAGE("trained values off by " << off);
  BOOST_TEST(off < kValues);
  const nlohmann::json a = result_of(one), b = result_of(several);
  for (const char* loss : {"train_loss", "test_loss"})
    BOOST_TEST(std::abs(a.at(loss).get<double>() / b.at(loss).get<double>() - 1) < kLoss, loss);
  BOOST_TEST(hits_apart(a, b, "train_accuracy", data.dataset.train.count) < kOneHit);
  BOOST_TEST(hits_apart(a, b, "test_accuracy", data.dataset.test.count) < kOneHit);
}

/// Ids of a process's children, in order: of mpirun's the ranks, first to last.
std::vector<::pid_t> children_of(::pid_t parent) {
  const std::string id = std::to_string(parent);
  std::istringstream children(read_file("/proc/" + id + "/task/" + id + "/children"));
  std::vector<::pid_t> ids;
  for (::pid_t child; children >> child;) ids.push_back(child);
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// A long training that has written a checkpoint: false where it ended before.
bool wait_for_checkpoint(Process& process, const RunFolder& folder) {
  while (!process.over() && !std::filesystem::exists(folder.checkpoint()))
    std::this_thread::sleep_for(5ms);
  return !process.over();
}

/// Said once, by the first rank.
void check_stopped(const Outcome& outcome, const RunFolder& folder) {
  BOOST_TEST(count_in(outcome.output, "stopped in epoch") == 1u, outcome.output);
  BOOST_TEST(count_in(outcome.output, "--resume") == 1u, outcome.output);
  BOOST_TEST(folder.interrupted());
  const auto checkpoint = find_checkpoint(folder);
  BOOST_REQUIRE(checkpoint);
  BOOST_TEST(checkpoint->problem.empty(), checkpoint->problem);
}

}  // namespace

// 4 batches of 16, one of 7: shares of 2 and of 1 on 4 ranks; and one of 1, which leaves the others
// with none.
BOOST_AUTO_TEST_CASE(two_and_four_ranks_train_what_one_process_trains) {
  for (const std::size_t rest : {7u, 1u}) {
    const ToyData data(16 * 4 + rest, 21);
    const Folder scratch;
    const RunFolder one{scratch.path / "one"};
    const Outcome alone = on_ranks(1, training(data, one, {"--epochs", "2"}), scratch);
    BOOST_REQUIRE_MESSAGE(alone.code == 0, alone.output);
    BOOST_TEST(result_of(one).at("ranks") == 1);
    for (const int ranks : {2, 4}) {
      const RunFolder several{scratch.path / std::to_string(ranks)};
      const Outcome outcome = on_ranks(ranks, training(data, several, {"--epochs", "2"}), scratch);
      BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.output);
      BOOST_TEST(result_of(several).at("ranks") == ranks);
      BOOST_TEST(count_in(outcome.output, "written to") == 1u, outcome.output);
      check_like_one_process(one, several, data);
    }
  }
}

// By itself and alike, on the GPU that is its own where they have some.
BOOST_AUTO_TEST_CASE(each_rank_learns_the_map_that_one_process_learns) {
  const ToyData data(16 * 4, 20);
  const Folder scratch;
  const RunFolder one{scratch.path / "one"}, several{scratch.path / "several"};
  const Words learned = {"--epochs", "2", "--map", "kronecker", "--map-sketches", "16"};
  for (const auto& [folder, ranks] : {std::pair(&one, 1), std::pair(&several, 2)}) {
    const Outcome outcome = on_ranks(ranks, training(data, *folder, learned), scratch);
    BOOST_REQUIRE_MESSAGE(outcome.code == 0, outcome.output);
  }
  BOOST_TEST(result_of(several).at("map_checksum") == result_of(one).at("map_checksum"));
  BOOST_TEST(std::abs(result_of(several).at("test_loss").get<double>() /
                          result_of(one).at("test_loss").get<double>() -
                      1) < kLoss);
  BOOST_TEST(hits_apart(result_of(several), result_of(one), "test_accuracy",
                        data.dataset.test.count) < kOneHit);
}

// A signal to one of them is enough.
BOOST_AUTO_TEST_CASE(a_stopped_run_goes_on_with_another_number_of_ranks) {
  const ToyData data(16 * 20, 20);
  const Folder scratch;
  const RunFolder one{scratch.path / "one"}, several{scratch.path / "several"};
  const Words epochs = {"--epochs",         "15", "--checkpoint-every", "2", "--resume",
                        "--snapshot-every", "50"};
  BOOST_REQUIRE(on_ranks(1, training(data, one, epochs), scratch).code == 0);
  for (const std::size_t ranks : {2u, 4u}) {
    const auto output = scratch.path / "output";
    std::error_code none;  // of the first
    std::filesystem::rename(several.checkpoint(), several.previous_checkpoint(), none);
    Process process(mpirun(static_cast<int>(ranks), training(data, several, epochs)), output,
                    MAPNET_MPIRUN);
    BOOST_REQUIRE(wait_for_checkpoint(process, several));
    const std::vector<::pid_t> ids = children_of(process.id());
    BOOST_REQUIRE(ids.size() == ranks);
    ::kill(ids.back(), ranks == 2 ? SIGTERM : SIGINT);
    const Outcome outcome = end_of(process, output);
    BOOST_TEST(outcome.code != 0);
    check_stopped(outcome, several);
  }
  const Outcome end = on_ranks(3, training(data, several, epochs), scratch);
  BOOST_REQUIRE_MESSAGE(end.code == 0, end.output);
  BOOST_TEST(count_in(end.output, "the checkpoint is of 4 ranks, this run has 3") == 1u,
             end.output);
  BOOST_TEST(result_of(several).at("ranks") == 3);
  BOOST_TEST_MESSAGE("trained values off by " << apart(one, several));
  BOOST_TEST(apart(one, several) < 15 * kValues);  // 300 steps in place of ten
  BOOST_TEST(find_snapshots(one).size() == 7u);
  BOOST_REQUIRE(find_snapshots(several).size() == 7u);
  for (std::size_t i = 0; i < 7; ++i)
    BOOST_TEST(find_snapshots(several)[i].step == static_cast<std::int64_t>(50 * i));
}

BOOST_AUTO_TEST_CASE(mpirun_told_to_stop_leaves_a_checkpoint) {
  const ToyData data(16 * 20, 20);
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  const auto output = scratch.path / "output";
  Process process(mpirun(2, training(data, folder, {"--epochs", "10000"})), output, MAPNET_MPIRUN);
  while (!process.over() && children_of(process.id()).size() < 2) std::this_thread::sleep_for(5ms);
  while (!process.over() && !std::filesystem::exists(folder.metrics()))
    std::this_thread::sleep_for(5ms);
  process.signal(SIGTERM);
  const Outcome outcome = end_of(process, output);
  BOOST_TEST(outcome.code != 0);
  check_stopped(outcome, folder);
}

BOOST_AUTO_TEST_CASE(a_killed_rank_ends_the_run_and_leaves_a_checkpoint) {
  const ToyData data(16 * 20, 20);
  for (const std::size_t victim : {1u, 0u}) {
    const Folder scratch;
    const RunFolder folder{scratch.path / "run"};
    const auto output = scratch.path / "output";
    const Words words = training(data, folder, {"--epochs", "1000", "--checkpoint-every", "2"});
    Process process(mpirun(2, words), output, MAPNET_MPIRUN);
    BOOST_REQUIRE(wait_for_checkpoint(process, folder));
    const std::vector<::pid_t> ranks = children_of(process.id());
    BOOST_REQUIRE(ranks.size() == 2u);
    ::kill(ranks[victim], SIGKILL);
    const Outcome outcome = end_of(process, output);
    BOOST_TEST(outcome.code != 0);
    const std::string lost = "rank " + std::to_string(victim) + " of 2 is gone";
    BOOST_TEST(count_in(outcome.output, lost) == 1u, outcome.output);
    BOOST_TEST(count_in(outcome.output, "--resume goes on from it") == 1u, outcome.output);
    Process again(training(data, folder, {"--epochs", "1000", "--resume"}), output);
    const auto said = [&] { return read_file(output); };
    for (int i = 0; i < 600 && count_in(said(), "going on from epoch") == 0; ++i)
      std::this_thread::sleep_for(100ms);  // long on a busy machine
    again.signal(SIGTERM);
    BOOST_TEST(again.wait() == 128 + SIGTERM);
    BOOST_TEST(count_in(said(), "going on from epoch") == 1u, said());
  }
}

// As on another machine: all there is to know is that mpirun says stop and nothing comes any more.
BOOST_AUTO_TEST_CASE(a_lost_rank_that_could_not_be_seen_is_missed) {
  if (std::system("unshare --pid --fork true 2>/dev/null") != 0) {
    BOOST_TEST_MESSAGE("skipped: no process can be hidden here");
    return;
  }
  const ToyData data(16 * 20, 20);
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  const auto output = scratch.path / "output";
  const Words own = training(data, folder, {"--epochs", "1000", "--checkpoint-every", "2"});
  Words words = mpirun(1, own);
  words.insert(words.end(), {":", "-n", "1", "unshare", "--pid", "--fork", kTestedProgram});
  words.insert(words.end(), own.begin(), own.end());
  Process process(words, output, MAPNET_MPIRUN);
  BOOST_REQUIRE(wait_for_checkpoint(process, folder));
  for (const ::pid_t rank : children_of(process.id()))
    for (const ::pid_t hidden : children_of(rank)) ::kill(hidden, SIGKILL);
  const Outcome outcome = end_of(process, output);
  BOOST_TEST(outcome.code != 0);
  BOOST_TEST(count_in(outcome.output, "another of the 2 ranks has not answered") == 1u,
             outcome.output);
  BOOST_TEST(count_in(outcome.output, "--resume goes on from it") == 1u, outcome.output);
  BOOST_TEST(folder.interrupted());
}

BOOST_AUTO_TEST_CASE(an_error_of_one_rank_ends_all_and_is_said_once) {
  const ToyData data(16 * 4, 16), other(16 * 5, 16);
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  const auto output = scratch.path / "output";
  Words words = mpirun(1, training(data, folder, {"--epochs", "1000"}));
  const Words second = training(other, folder, {"--epochs", "1000"});
  words.insert(words.end(), {":", "-n", "1", kTestedProgram});
  words.insert(words.end(), second.begin(), second.end());
  Process process(words, output, MAPNET_MPIRUN);
  const Outcome outcome = end_of(process, output);
  BOOST_TEST(outcome.code == 1);
  BOOST_TEST(count_in(outcome.output, "rank 1 of 2: started with another") == 1u, outcome.output);
}

BOOST_AUTO_TEST_CASE(what_all_ranks_find_wrong_the_first_says) {
  const ToyData data(16 * 4, 16);
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  const std::pair<Words, std::string> cases[] = {
      {{"--batch", "3"}, "--batch 3: 4 ranks share a batch"},
      {{"--loss", "task+stab"}, "the term stab"},
      {{"--net", "cnn9"}, "cnn1, cnn2"}};
  for (const auto& [more, part] : cases) {
    const Outcome outcome = on_ranks(4, training(data, folder, more), scratch);
    BOOST_TEST(outcome.code == 2);
    BOOST_TEST(count_in(outcome.output, part) == 1u, outcome.output);
  }
}
