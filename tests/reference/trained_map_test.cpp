#include "reference/trained_map.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/finite_difference.hpp"
#include "reference/kinks.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

BOOST_AUTO_TEST_CASE(trained_maps_worked_out_by_hand) {
  const TrainedMap linear{2, 0, 3};
  check_close(trained_map_forward(linear, Vector{2, 4, 1, 10, 0, 1, 2, -1}), Vector{42, 4, 0}, 0, 0,
              "z = 2 4, W = 1 10 | 0 1 | 2 -1");
  const TrainedMap hidden{2, 2, 2, {2, 4}};
  // W1 z = 10, -2; b1 = -1, 1: h = 9, 0.
  check_close(trained_map_forward(hidden, Vector{1, 2, 1, -1, -1, 1, 3, 5, -1, 7, 100, 200}),
              Vector{127, 191}, 0, 0, "W2 = 3 5 | -1 7, b2 = 100 200");
}

BOOST_AUTO_TEST_CASE(table_7s_counts) {
  BOOST_TEST((TrainedMap{307, 61, 108618}.size() == 6753104u));
  BOOST_TEST((TrainedMap{5, 0, 108618}.size() == 543095u));
  BOOST_TEST((TrainedMap{15, 0, 108618}.size() == 1629285u));
}

BOOST_AUTO_TEST_CASE(every_gradient_of_the_trained_maps) {
  for (const TrainedMap& map : {TrainedMap{4, 0, 9}, TrainedMap{4, 6, 9, uniform(4, 7)}}) {
    const Vector values = uniform(map.size(), 5), dtheta = uniform(map.params, 6);
    if (map.hidden > 0) {  // far enough from where a unit's ReLU turns, for steps of 6e-6
      const std::vector<Vector> s = trained_map_segments(map, values);
      const Vector before = linear_forward(map.fixed_z, s[0], s[1], {1, map.latents, map.hidden});
      BOOST_TEST_REQUIRE(relu_margin(before) > 1e-3);
    }
    const auto f = [&](View v) { return dot(dtheta, trained_map_forward(map, v)); };
    BOOST_TEST(gradient_error(f, values, trained_map_backward(map, values, dtheta)) <
               gradient_tolerance);
  }
}
