#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"

/// What becomes of the program where its standard streams are closed, full or left by their reader,
/// and where another program starts it.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A short training that shows its progress, into `run`.
std::string training(const std::string& run) {
  return tested_program("train") +
         " --data noise-1x28x28x10 --latent 16 --batch 64 --epochs 2 --threads 1 --out " +
         run;
}

/// Two epochs, each a line, and a result.
void check_whole(const std::string& run) {
  std::istringstream lines(read_file(run + "/metrics.jsonl"));
  int epochs = 0;
  for (std::string line; std::getline(lines, line);)
    BOOST_TEST(nlohmann::json::parse(line).at("epoch") == ++epochs);
  BOOST_TEST(epochs == 2);
  BOOST_TEST(nlohmann::json::parse(read_file(run + "/result.json")).contains("test_accuracy"));
}

bool holds(const Outcome& outcome, const std::string& part) {
  return outcome.output.find(part) != std::string::npos;
}

}  // namespace

// With it closed the next file that is opened would be standard error, and get what is said there.
BOOST_AUTO_TEST_CASE(a_run_is_not_lost_with_standard_error) {
  for (const std::string lost : {"2>&-", "2>/dev/full", "<&- 2>&-"}) {
    const Folder folder;
    const std::string run = (folder.path / "run").string();
    const Outcome outcome = run_command("( " + training(run) + " " + lost + " )");
    BOOST_TEST_CONTEXT(lost << "\n" << outcome.output) {
      BOOST_TEST(outcome.code == 0);
      BOOST_TEST(holds(outcome, "test accuracy"));
      check_whole(run);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_complaint_that_nobody_hears_leaves_the_exit_code) {
  for (const std::string lost : {"2>&-", "2>/dev/full"}) {
    const std::string eval = "( " + tested_program("eval ");
    BOOST_TEST(run_command(eval + "--run /nonexistent/run " + lost + " )").code == 1);
    BOOST_TEST(run_command(eval + lost + " )").code == 2);
  }
}

// The run is whole; that its summary was lost is a failure.
BOOST_AUTO_TEST_CASE(a_run_is_not_lost_with_its_reader) {
  const Folder folder;
  const std::string run = (folder.path / "run").string(), code = (folder.path / "code").string();
  run_command("( ( sleep 0.1; " + training(run) + "; echo $? > " + code + " ) 2>&1 | true )");
  BOOST_TEST(read_file(code) == "1\n");
  check_whole(run);
}

BOOST_AUTO_TEST_CASE(lost_output_is_told_and_ends_with_1) {
  const std::string list = tested_program("data list");
  const std::string commands[] = {
      "( " + list + " >&-; echo code $? >&2 )",
      "( ( sleep 0.1; " + list + "; echo code $? >&2 ) | true )",
      // More than a buffer of it: it is found out while there is more to print.
      "( " + tested_program("plan --json") + " > /dev/full; echo code $? >&2 )"};
  for (const std::string& command : commands) {
    const Outcome outcome = run_command(command);
    BOOST_TEST_CONTEXT(command << "\n" << outcome.output) {
      BOOST_TEST(holds(outcome, "mapnet: standard output could not be written\n"));
      BOOST_TEST(holds(outcome, "code 1\n"));
    }
  }
}

// The program starts itself again to settle how threads wait: not as an argument of the loader.
BOOST_AUTO_TEST_CASE(the_dynamic_loader_may_start_it) {
  const std::string loader = "/lib64/ld-linux-x86-64.so.2";
  if (!std::filesystem::exists(loader)) {
    BOOST_TEST_MESSAGE("skipped: no " << loader);
    return;
  }
  const Outcome outcome = run_command("env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT " + loader +
                                      " " + tested_program("data list"));
  BOOST_TEST(outcome.code == 0);
  BOOST_TEST(holds(outcome, "fashion-mnist"), outcome.output);
}
