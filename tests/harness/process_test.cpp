#include "harness/process.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "common/temporary.hpp"

/// Other programs, and how they are ended.
using namespace mapnet;
using namespace mapnet::test;

// Asked to stop and then let go of: a training saves itself at the first signal and ends at a
// second.
BOOST_AUTO_TEST_CASE(a_child_is_asked_to_stop_once) {
  const Folder folder;
  const std::string at = folder.path.string();
  {
    ChildProcess child({"/bin/sh", "-c",
                        "trap 'echo stop >> " + at + "/signals; stopped=1' TERM; echo > " + at +
                            "/ready; while [ -z \"$stopped\" ]; do sleep 0.01; done; sleep 0.1"},
                       folder.path / "output");
    while (!std::filesystem::exists(folder.path / "ready")) ::usleep(1000);
    child.stop();
    while (!std::filesystem::exists(folder.path / "signals")) ::usleep(1000);
  }
  BOOST_TEST(read_file(folder.path / "signals") == "stop\n");
}

// Where they are ignored, which is inherited, the system keeps no exit code.
BOOST_AUTO_TEST_CASE(ends_of_children_are_heard_of_where_they_were_ignored) {
  const Folder folder;
  const std::vector<std::string> three = {"/bin/sh", "-c", "exit 3"};
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  BOOST_TEST(run_program(three).exit_code == 3);
  std::signal(SIGCHLD, SIG_IGN);
  ChildProcess child(three, folder.path / "output");
  std::optional<int> code;
  for (int i = 0; i < 5000 && !(code = child.exit_code()); ++i) ::usleep(1000);
  std::signal(SIGCHLD, before);
  BOOST_TEST_REQUIRE(code.has_value());
  BOOST_TEST(*code == 3);
}
