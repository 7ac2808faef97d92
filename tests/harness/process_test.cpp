#include "harness/process.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>

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

BOOST_AUTO_TEST_CASE(a_complaint_is_a_line_that_says_what_is_wrong) {
  BOOST_TEST(first_complaint({1, "", "mapnet: a: b\nmore\n"}) == "a: b");
  BOOST_TEST(first_complaint({1, "", "mapnet: found 2 problems:\n  first\n  second\n"}) ==
             "found 2 problems: first");
  BOOST_TEST(first_complaint({1, "", "found nothing:\n"}) == "found nothing:");
  BOOST_TEST(first_complaint({139, "output", ""}).empty());
}
