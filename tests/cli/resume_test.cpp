#include <sys/stat.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "cli/process.hpp"
#include "cli/program.hpp"
#include "common/file.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"

/// Runs that are stopped or killed from outside, and go on.
using namespace mapnet;
using namespace mapnet::test;

namespace {

using namespace std::chrono_literals;

std::vector<std::string> training(const ToyData& data, const RunFolder& folder,
                                  std::vector<std::string> more = {}) {
  std::vector<std::string> words = {"train",       "--latent", "256",       "--batch", "16",
                                    "--epochs",    "8",        "--threads", "1",       "--data-dir",
                                    data.folder(), "--out",    folder.path};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += word + " ";
  return text;
}

/// Of a file that is replaced as a whole: another number, another file.
::ino_t number_of(const std::filesystem::path& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? info.st_ino : 0;
}

bool has_unfinished_files(const RunFolder& folder) {
  std::filesystem::directory_iterator all(folder.path);
  return std::any_of(begin(all), end(all), [](const auto& entry) {
    return entry.path().filename().string().find(".tmp") != std::string::npos;
  });
}

/// Until the run has written a checkpoint of its own, or is over.
void wait_for_checkpoint(Process& process, const RunFolder& folder) {
  const ::ino_t before = number_of(folder.checkpoint());
  while (!process.over() && (number_of(folder.checkpoint()) == before ||
                             !std::filesystem::exists(folder.checkpoint())))
    std::this_thread::sleep_for(1ms);
}

}  // namespace

// Which schedule is the fastest goes by the machine and its threads: what was begun is kept.
BOOST_AUTO_TEST_CASE(a_run_under_a_budget_goes_on_by_the_schedule_it_was_begun_with) {
  const ToyData data(16 * 100, 40);
  const RunFolder folder{data.folder() / "run"};
  {
    Process process(training(data, folder,
                             {"--checkpoint-every", "1", "--memory-budget", "64MiB", "--samples",
                              "file", "--micro-batch", "8"}),
                    data.folder() / "output");
    wait_for_checkpoint(process, folder);
    process.signal(SIGKILL);
    BOOST_REQUIRE(process.wait() == -SIGKILL);
  }
  const auto with = [&](const std::string& flags) {
    return joined(training(data, folder)) + "--resume --memory-budget " + flags;
  };
  const Outcome small = mapnet_with(with("8MiB"));
  BOOST_TEST(small.code == 1);
  BOOST_TEST(small.output.find("--micro-batch 8 --samples file") != std::string::npos,
             small.output);
  const Outcome other = mapnet_with(with("1GiB --micro-batch 4"));
  BOOST_TEST(other.code == 1);
  BOOST_TEST(other.output.find("footprint/micro_batch was 8, is 4") != std::string::npos,
             other.output);
  const std::string again = with("1GiB");
  const Outcome end = mapnet_with(again);
  BOOST_TEST(end.code == 0, end.output);
  BOOST_TEST(end.output.find("going on from") != std::string::npos, end.output);
  const auto result = nlohmann::json::parse(read_file(folder.result()));
  BOOST_TEST(result.at("footprint").at("samples") == "file");
  BOOST_TEST(result.at("footprint").at("micro_batch") == 8);
  BOOST_TEST(mapnet_with(again).output.find("finished already") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_killed_twenty_times_ends_as_if_nothing_had_happened) {
  const ToyData data(16 * 100, 40);
  const RunFolder whole{data.folder() / "whole"}, killed{data.folder() / "killed"};
  BOOST_REQUIRE(mapnet_with(joined(training(data, whole))).code == 0);
  std::mt19937 random(1);
  int within_a_write = 0;
  for (int kill = 0; kill < 20; ++kill) {
    Process process(training(data, killed, {"--resume", "--checkpoint-every", "1"}),
                    data.folder() / "output");
    wait_for_checkpoint(process, killed);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    process.signal(SIGKILL);
    BOOST_REQUIRE(process.wait() == -SIGKILL);  // not finished yet: else there was nothing to kill
    within_a_write += has_unfinished_files(killed);
  }
  const Outcome end = mapnet_with(joined(training(data, killed, {"--resume"})));
  BOOST_REQUIRE(end.code == 0);
  BOOST_TEST(end.output.find("going on from epoch") != std::string::npos, end.output);
  check_same(left_in(whole), left_in(killed));
  BOOST_TEST(!has_unfinished_files(killed));
  BOOST_TEST_MESSAGE(within_a_write << " of 20 kills were within the writing of a checkpoint");
}

BOOST_AUTO_TEST_CASE(a_run_asked_to_stop_finishes_its_step_saves_and_says_how_to_go_on) {
  const ToyData data(16 * 100, 40);
  const RunFolder folder{data.folder() / "run"}, whole{data.folder() / "whole"};
  std::signal(SIGHUP, SIG_DFL);  // whatever these tests were started under
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const auto output = data.folder() / "output";
    Process process(training(data, folder, {"--resume", "--checkpoint-every", "20"}), output);
    wait_for_checkpoint(process, folder);
    process.signal(signal);
    BOOST_TEST(process.wait() == 128 + signal);
    const std::string said = read_file(output);
    BOOST_TEST(said.find("stopped in epoch") != std::string::npos, said);
    BOOST_TEST(said.find("--resume") != std::string::npos, said);
    BOOST_TEST(folder.interrupted());
  }
  check_outcome(joined(training(data, folder)), 1, {"--resume", "--overwrite"});
  check_outcome(joined(training(data, folder, {"--resume", "--lr", "0.01"})), 1,
                {"lr was 0.08, is 0.01"});
  check_outcome(joined(training(data, folder, {"--resume"})), 0, {"going on from epoch"});
  BOOST_REQUIRE(mapnet_with(joined(training(data, whole))).code == 0);
  check_same(left_in(whole), left_in(folder));
}

// Of a terminal that is closed the shell sends a SIGHUP and the kernel another.
BOOST_AUTO_TEST_CASE(a_closed_terminal_is_heard_more_than_once) {
  const ToyData data(16 * 100, 40);
  const RunFolder folder{data.folder() / "run"};
  std::signal(SIGHUP, SIG_DFL);
  const auto output = data.folder() / "output";
  Process process(training(data, folder, {"--checkpoint-every", "20"}), output);
  wait_for_checkpoint(process, folder);
  for (; !process.over(); std::this_thread::sleep_for(100us)) process.signal(SIGHUP);
  BOOST_TEST(process.wait() == 128 + SIGHUP);
  BOOST_TEST(read_file(output).find("stopped in epoch") != std::string::npos);
  BOOST_TEST(folder.interrupted());
}

BOOST_AUTO_TEST_CASE(a_closed_terminal_is_not_heard_under_nohup) {
  const ToyData data(16 * 100, 40);
  const RunFolder folder{data.folder() / "run"};
  std::signal(SIGHUP, SIG_IGN);  // as nohup does; a program that is started keeps it
  Process process(training(data, folder, {"--checkpoint-every", "1"}), data.folder() / "output");
  std::signal(SIGHUP, SIG_DFL);
  wait_for_checkpoint(process, folder);
  process.signal(SIGHUP);
  // One was being written, another would be of a run that stops.
  for (int i = 0; i < 3; ++i) wait_for_checkpoint(process, folder);
  process.signal(SIGTERM);
  BOOST_TEST(process.wait() == 128 + SIGTERM);
}

BOOST_AUTO_TEST_CASE(resuming_a_finished_run_says_how_it_ended) {
  const ToyData data(16 * 10, 40);
  const RunFolder folder{data.folder() / "run"};
  BOOST_REQUIRE(mapnet_with(joined(training(data, folder, {"--resume"}))).code == 0);
  const std::string before = read_file(folder.result());
  check_outcome(joined(training(data, folder, {"--resume"})), 0,
                {"finished already: test accuracy 0."});
  check_outcome(joined(training(data, folder, {"--resume", "--require-accuracy", "1"})), 1,
                {"below the required"});
  check_outcome(joined(training(data, folder, {"--resume", "--seed", "2"})), 1,
                {"seed was 1, is 2"});
  check_outcome(joined(training(data, folder, {"--resume", "--overwrite"})), 2, {"--overwrite"});
  check_outcome(joined(training(data, folder, {"--checkpoint-every", "soon"})), 2,
                {"--checkpoint-every", "10min"});
  BOOST_TEST(read_file(folder.result()) == before);
}
