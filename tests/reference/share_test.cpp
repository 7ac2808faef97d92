#include "reference/share.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/finite_difference.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

namespace {

// Five weights by twos, two frozen ones, three one by one.
const std::vector<Shared> tensors = {{0, 5, 0, 2, 0.5}, {5, 2, 3, 0, 0}, {7, 3, 3, 1, 2}};

}  // namespace

BOOST_AUTO_TEST_CASE(shared_shifts_worked_out_by_hand) {
  const Vector base = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, outputs = {2, 4, 6, 1, -1, 0};
  check_close(share_forward(tensors, base, outputs), Vector{2, 3, 5, 6, 8, 6, 7, 10, 7, 10}, 0, 0,
              "theta");
  check_close(share_backward(tensors, base, 6), Vector{1.5, 3.5, 2.5, 16, 18, 20}, 0, 0, "do");
}

BOOST_AUTO_TEST_CASE(every_gradient_of_shared_shifts) {
  const Vector base = uniform(10, 1), at = uniform(6, 2), dtheta = uniform(10, 3);
  const auto f = [&](View o) { return dot(dtheta, share_forward(tensors, base, o)); };
  BOOST_TEST(gradient_error(f, at, share_backward(tensors, dtheta, 6)) < gradient_tolerance);
}
