#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "common/temporary.hpp"

/// A deliberate regression makes the quick tier fail: the same row, the same reference, a program
/// with a wrong sign in one backward pass.
using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(a_wrong_sign_in_one_backward_pass_is_a_regression) {
  if (mapnet_with("data check fashion-mnist").code != 0) {
    BOOST_TEST_MESSAGE("FashionMNIST is not here: nothing is trained");
    return;
  }
  const Folder folder;
  const std::string quick =
      " reproduce --table 1 --rows cnn2-slvt-2048 --data fashion-mnist --quick "
      "--seeds 1 --device cpu --out " +
      folder.path.string() + "/reports --runs " + folder.path.string();
  check_outcome(quick + "/right", 0, {"1 held against their reference"});
  const Outcome wrong = run_command(MAPNET_WRONG_SIGN + quick + "/wrong");
  BOOST_TEST(wrong.code == 1, wrong.output);
  BOOST_TEST(wrong.output.find("regressed: cnn2-slvt-2048 on fashion-mnist: accuracy") !=
                 std::string::npos,
             wrong.output);
  BOOST_TEST_MESSAGE(wrong.output);
}
