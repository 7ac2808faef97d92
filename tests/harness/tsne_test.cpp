#include "harness/trajectory/tsne.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

/// t-SNE of few points.
using namespace mapnet;

namespace {

/// Squared distances of `n` points around each of `clusters` centres, far from each other.
SquareMatrix clustered(std::size_t clusters, std::size_t n) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  constexpr std::size_t kDimensions = 10;
  std::vector<std::vector<double>> points;
  for (std::size_t c = 0; c < clusters; ++c)
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double> x(kDimensions);
      for (double& v : x) v = normal(random);
      x[c] += 20;
      points.push_back(x);
    }
  SquareMatrix d(points.size());
  for (std::size_t i = 0; i < d.n; ++i)
    for (std::size_t j = 0; j < d.n; ++j)
      for (std::size_t k = 0; k < kDimensions; ++k)
        d(i, j) += (points[i][k] - points[j][k]) * (points[i][k] - points[j][k]);
  return d;
}

double entropy(const std::vector<double>& p) {
  double sum = 0;
  for (const double v : p)
    if (v > 0) sum -= v * std::log(v);
  return sum;
}

double distance(const Point& a, const Point& b) { return std::hypot(a.x - b.x, a.y - b.y); }

}  // namespace

BOOST_AUTO_TEST_CASE(widths_meet_the_perplexity) {
  SquareMatrix d = clustered(3, 12);
  for (const double scale : {1e-9, 1.0, 1e9}) {  // of weights, whatever their size
    SquareMatrix scaled = d;
    for (double& v : scaled.values) v *= scale;
    for (const double perplexity : {2.0, 5.0, 30.0})
      for (std::size_t i = 0; i < d.n; i += 7) {
        const std::vector<double> p = neighbour_probabilities(scaled.row(i), i, perplexity);
        BOOST_TEST(p[i] == 0);
        BOOST_TEST(std::exp(entropy(p)) == perplexity, boost::test_tools::tolerance(1e-9));
      }
  }
}

BOOST_AUTO_TEST_CASE(points_all_equally_far_are_equally_likely) {
  for (const double far : {0.0, 3.0}) {
    SquareMatrix d(9);
    for (std::size_t i = 0; i < 9; ++i)
      for (std::size_t j = 0; j < 9; ++j) d(i, j) = i == j ? 0 : far;
    const std::vector<double> p = neighbour_probabilities(d.row(4), 4, 2);
    for (std::size_t j = 0; j < 9; ++j)
      BOOST_TEST(p[j] == (j == 4 ? 0 : 0.125), boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(joint_probabilities_are_symmetric_and_sum_to_one) {
  const SquareMatrix joint = joint_probabilities(clustered(2, 10), 5);
  double sum = 0;
  for (std::size_t i = 0; i < joint.n; ++i)
    for (std::size_t j = 0; j < joint.n; ++j) {
      sum += joint(i, j);
      BOOST_TEST(joint(i, j) == joint(j, i));
    }
  BOOST_TEST(sum == 1, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_gradient_is_that_of_the_divergence) {
  const SquareMatrix joint = joint_probabilities(clustered(2, 6), 3);
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<Point> points(joint.n), gradient;
  for (Point& p : points) p = {normal(random), normal(random)};
  divergence_gradient(joint, points, 1, gradient);
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (double Point::*axis : {&Point::x, &Point::y}) {
      std::vector<Point> there = points, back = points;
      there[i].*axis += kStep;
      back[i].*axis -= kStep;
      const double slope = (divergence(joint, there) - divergence(joint, back)) / (2 * kStep);
      BOOST_TEST(std::abs(slope - gradient[i].*axis) < 1e-8);  // kStep^2, and rounding / kStep
    }
}

BOOST_AUTO_TEST_CASE(clusters_stay_clusters) {
  constexpr std::size_t kClusters = 4, kEach = 25;
  const Tsne map = tsne(clustered(kClusters, kEach), {.perplexity = 10});
  BOOST_TEST(map.perplexity == 10);
  BOOST_TEST(map.divergence < 1);
  for (std::size_t i = 0; i < map.points.size(); ++i) {
    double own = 0, other = 1e300;  // the farthest of its cluster, the nearest of another
    for (std::size_t j = 0; j < map.points.size(); ++j) {
      const double d = distance(map.points[i], map.points[j]);
      if (i / kEach == j / kEach)
        own = std::max(own, d);
      else
        other = std::min(other, d);
    }
    BOOST_TEST(own < other);
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_draws_the_same_picture) {
  const SquareMatrix d = clustered(2, 10);
  const auto first = [&](std::uint64_t seed) {
    return tsne(d, {.perplexity = 5, .iterations = 300, .seed = seed}).points[0].x;
  };
  BOOST_TEST(first(1) == first(1));
  BOOST_TEST(first(1) != first(2));
}

BOOST_AUTO_TEST_CASE(of_few_points_the_perplexity_is_less) {
  const Tsne map = tsne(clustered(1, 10));
  BOOST_TEST(map.perplexity == 3);
  for (const std::size_t n : {1u, 2u, 3u}) BOOST_TEST(tsne(clustered(1, n)).points.size() == n);
}
