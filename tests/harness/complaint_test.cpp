#include "harness/complaint.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"

/// What is told of a program that failed.
using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(a_complaint_is_a_line_that_says_what_is_wrong) {
  const auto of = [](const ProgramOutput& output) { return complaint_of(output, "mapnet plan"); };
  BOOST_TEST(of({1, "", "mapnet: a: b\nmore\n"}) == "a: b");
  BOOST_TEST(of({1, "", "mapnet: found 2 problems:\n  first\n  second\n"}) ==
             "found 2 problems: first");
  BOOST_TEST(of({1, "", "found nothing:\n"}) == "found nothing:");
  BOOST_TEST(of({1, "", "a library: warning\nmapnet: a: b\n"}) == "a: b");
  BOOST_TEST(of({139, "output", ""}) == "`mapnet plan` ended by signal 11");
  BOOST_TEST(of({3, "output", ""}) == "`mapnet plan` ended with exit code 3");
}

// Not the progress that it had made, nor what it said before.
BOOST_AUTO_TEST_CASE(a_training_failed_of_its_last_complaint_or_of_a_signal) {
  const Folder folder;
  const std::string progress =
      "mapnet: runs/a: begins with the latents of b\nepoch   3/10  step  469/469  loss 0.1\n";
  const auto output = folder.write("output.txt", progress +
                                                     "mapnet: runs/a: cannot be written:\n"
                                                     "  no space left\nand more of it\n");
  BOOST_TEST(why_it_failed(output, 1) == "runs/a: cannot be written: no space left");
  BOOST_TEST(why_it_failed(output, 137) == "ended by signal 9; see " + output.string());
  folder.write("output.txt", "epoch   3/10 of mapnet: one\n");
  BOOST_TEST(why_it_failed(output, 1) == "ended with exit code 1; see " + output.string());
  BOOST_TEST(why_it_failed(folder.path / "absent", 127) ==
             "ended with exit code 127; see " + (folder.path / "absent").string());
}
