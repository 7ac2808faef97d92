#include "reference/merge.hpp"

#include <boost/test/unit_test.hpp>

#include "reference/finite_difference.hpp"

using namespace mapnet::reference;

BOOST_AUTO_TEST_CASE(parts_lie_behind_one_another_image_by_image) {
  BOOST_TEST((concat({{1, 2, 3, 4}, {5, 6}}, {2, 1}, 2) == Vector{1, 2, 5, 3, 4, 6}));
  BOOST_TEST((add(Vector{1, 2}, Vector{3, 5}) == Vector{4, 7}));
}

BOOST_AUTO_TEST_CASE(concat_gradient) {
  const std::vector<std::size_t> features = {6, 2, 4};
  const std::size_t n = 3;
  const Vector dy = uniform(n * 12, 1);
  const std::vector<Vector> gradients = split(dy, features, n);
  for (std::size_t i = 0; i < features.size(); ++i) {
    std::vector<Vector> parts;
    for (std::size_t k = 0; k < features.size(); ++k) parts.push_back(uniform(n * features[k], k));
    const auto f = [&](const Vector& v) {
      parts[i] = v;
      return dot(dy, concat(parts, features, n));
    };
    BOOST_TEST(gradient_error(f, uniform(n * features[i], 9), gradients[i]) < gradient_tolerance);
  }
}
