#include <boost/test/unit_test.hpp>
#include <fstream>

#include "cli/process.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "train/run_folder.hpp"

/// What is left of a reproduction that was killed, or of which something was.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A table of one row on noise, whose runs take so many epochs.
struct NoisyTable {
  Folder folder;
  std::string at = folder.path.string();

  NoisyTable(int epochs, const std::string& seeds) {
    write_file_atomic(folder.path / "tables" / "long.toml",
                      "id = \"long\"\ntitle = \"Long\"\nrecipes = \"None.\"\n"
                      "metrics = [\"accuracy\"]\nseeds = " +
                          seeds + "\nsettings = { net = \"cnn2\", batch = 16, epochs = " +
                          std::to_string(epochs) +
                          " }\n[[rows]]\nname = \"mapped\"\nmethod = \"Ours*\"\nparams = \"256\"\n"
                          "trainable = 256\nsettings.latent = 256\n"
                          "[rows.data.noise-1x28x28x10]\n");
  }
  RunFolder run(int seed) const {
    return {folder.path / "runs/long/mapped/noise-1x28x28x10" / ("seed" + std::to_string(seed))};
  }
  std::vector<std::string> command() const {
    return {"reproduce",     "--tables", at + "/tables", "--runs",    at + "/runs", "--out",
            at + "/reports", "--device", "cpu",          "--threads", "1",          "--lock"};
  }
  std::filesystem::path output() const { return folder.path / "output"; }
};

void wait_for(Process& process, const std::filesystem::path& file) {
  while (!process.over() && !std::filesystem::exists(file)) ::usleep(1000);
}

void check_says(const NoisyTable& table, const std::string& part) {
  const std::string said = read_file(table.output());
  BOOST_TEST(said.find(part) != std::string::npos, "expected '" << part << "' in\n" << said);
}

}  // namespace

// It saves itself and lets go of its folder.
BOOST_AUTO_TEST_CASE(a_training_ends_with_the_reproduction_that_was_killed) {
  const NoisyTable table(100000, "[1]");
  const RunFolder run = table.run(1);
  Process process(table.command(), table.output());
  wait_for(process, run.metrics());
  process.signal(SIGKILL);
  process.wait();
  BOOST_CHECK_NO_THROW(FolderClaim(run.path));  // waits for it
  BOOST_TEST(run.interrupted());
}

// There is one job at a time: who waits is none.
BOOST_AUTO_TEST_CASE(a_folder_that_is_taken_is_waited_for_while_others_train) {
  const NoisyTable table(1, "[1, 2]");
  std::filesystem::create_directories(table.run(1).path);
  FolderClaim theirs(table.run(1).path);
  Process process(table.command(), table.output());
  wait_for(process, table.run(2).path / "harness.json");
  theirs = FolderClaim();
  BOOST_TEST(process.wait() == 0);
  check_says(table, "long: 1 done");
}

// As the system does where memory is short: the progress it had made is no reason.
BOOST_AUTO_TEST_CASE(a_training_that_was_killed_is_told_by_its_signal) {
  const NoisyTable table(100000, "[1]");
  Process process(table.command(), table.output());
  wait_for(process, table.run(1).metrics());
  const std::string id = std::to_string(process.id());
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  ::pid_t training = 0;
  BOOST_TEST_REQUIRE(static_cast<bool>(children >> training));
  ::kill(training, SIGKILL);
  BOOST_TEST(process.wait() == 1);
  check_says(table, "failed: mapped on noise-1x28x28x10: ended by signal 9; see " +
                        (table.run(1).path / "output.txt").string());
}

// All of a campaign is of the program that began it.
BOOST_AUTO_TEST_CASE(a_program_that_is_replaced_goes_on) {
  const NoisyTable table(10, "[1, 2]");
  const auto program = table.folder.path / "mapnet";
  std::filesystem::copy_file(kTestedProgram, program);
  Process process(table.command(), table.output(), program);
  wait_for(process, table.run(1).metrics());
  std::filesystem::remove(program);
  BOOST_TEST(process.wait() == 0);
  check_says(table, "long: 1 done");
}
