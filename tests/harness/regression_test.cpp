#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>

#include "cli/program.hpp"
#include "common/temporary.hpp"
#include "harness/data_presence.hpp"

/// A deliberate regression makes the quick tier fail: the same row, the same reference, a program
/// with a wrong sign in one backward pass.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Ends the program in the way CTest counts as skipped where there is nothing to train on. Data
/// that is there but damaged is no reason: the test fails of it.
struct SkipWithoutData {
  SkipWithoutData() {
    const DataFinding found = look_for_data("fashion-mnist", "");
    if (found.state != DataState::absent) return;
    std::cout << "skipped: " << found.message << std::endl;
    std::_Exit(77);
  }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutData);

BOOST_AUTO_TEST_CASE(a_wrong_sign_in_one_backward_pass_is_a_regression) {
  const Folder folder;
  const std::string quick =
      " reproduce --table 1 --rows cnn2-slvt-2048 --data fashion-mnist --quick "
      "--seeds 1 --device cpu --out " +
      folder.path.string() + "/reports --runs " + folder.path.string();
  check_outcome(quick + "/right", 0, {"1 held to their reference"});
  const Outcome wrong = run_command(MAPNET_WRONG_SIGN + quick + "/wrong");
  BOOST_TEST(wrong.code == 1, wrong.output);
  BOOST_TEST(wrong.output.find("regressed: cnn2-slvt-2048 on fashion-mnist: accuracy") !=
                 std::string::npos,
             wrong.output);
  BOOST_TEST_MESSAGE(wrong.output);
}
