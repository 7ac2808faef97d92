#include "harness/trajectory/trajectory.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <random>

#include "algebra/symmetric_eigen.hpp"
#include "harness/gnuplot.hpp"
#include "harness/trajectory/pictures.hpp"
#include "harness/trajectory/principal_components.hpp"
#include "harness/trajectory/report.hpp"
#include "harness/trajectory/shape.hpp"
#include "train/recipes.hpp"
#include "train/snapshots.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// What is said of a training's way, of points whose way is known and of a run.
using namespace mapnet;
using namespace mapnet::test;
using boost::test_tools::tolerance;

namespace {

using Points = std::vector<std::vector<double>>;

SquareMatrix gram_of(const Points& points) {
  SquareMatrix gram(points.size());
  for (std::size_t i = 0; i < gram.n; ++i)
    for (std::size_t j = 0; j < gram.n; ++j)
      for (std::size_t k = 0; k < points[i].size(); ++k) gram(i, j) += points[i][k] * points[j][k];
  return gram;
}

/// Far from the origin: only differences are to matter.
Points line(std::size_t n) {
  Points points;
  for (std::size_t i = 0; i < n; ++i)
    points.push_back({100 + 3 * static_cast<double>(i), 50 + 4 * static_cast<double>(i), 7});
  return points;
}

}  // namespace

BOOST_AUTO_TEST_CASE(eigenvectors_rebuild_the_matrix) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  SquareMatrix matrix(13);
  for (std::size_t i = 0; i < matrix.n; ++i)
    for (std::size_t j = 0; j <= i; ++j) matrix(i, j) = matrix(j, i) = normal(random);
  const Eigen eigen = symmetric_eigen(matrix);
  for (std::size_t i = 1; i < matrix.n; ++i) BOOST_TEST(eigen.values[i - 1] >= eigen.values[i]);
  for (std::size_t i = 0; i < matrix.n; ++i)
    for (std::size_t j = 0; j < matrix.n; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < matrix.n; ++k)
        sum += eigen.values[k] * eigen.vectors(k, i) * eigen.vectors(k, j);
      BOOST_TEST(std::abs(sum - matrix(i, j)) < 1e-12);
    }
}

BOOST_AUTO_TEST_CASE(points_on_a_line_have_one_component) {
  const PrincipalComponents pca = principal_components(gram_of(line(5)), 2);
  BOOST_TEST(pca.shares[0] == 1, tolerance(1e-9));
  BOOST_TEST(pca.shares[1] < 1e-9);
  const double sign = pca.coordinates[0][4] > 0 ? 1 : -1;
  for (std::size_t i = 0; i < 5; ++i)
    BOOST_TEST(std::abs(sign * pca.coordinates[0][i] - 5 * (static_cast<double>(i) - 2)) < 1e-6);
}

BOOST_AUTO_TEST_CASE(shares_are_those_of_the_covariance) {
  // Two axes with variances 9 : 1, turned by 30 degrees.
  const double c = std::cos(std::numbers::pi / 6), s = std::sin(std::numbers::pi / 6);
  Points points;
  for (const auto& [u, v] : {std::pair(3.0, 0.0), {-3.0, 0.0}, {0.0, 1.0}, {0.0, -1.0}})
    points.push_back({10 + c * u - s * v, s * u + c * v});
  const PrincipalComponents pca = principal_components(gram_of(points), 2);
  BOOST_TEST(pca.shares[0] == 0.9, tolerance(1e-12));
  BOOST_TEST(pca.shares[1] == 0.1, tolerance(1e-11));
  BOOST_TEST(std::abs(pca.coordinates[0][0]) == 3, tolerance(1e-12));
  BOOST_TEST(std::abs(pca.coordinates[1][2]) == 1, tolerance(1e-12));
  BOOST_TEST(*std::ranges::max_element(pca.coordinates[0]) > 2.9);  // the sign that is positive
}

// Antognini and Sohl-Dickstein 2018: the k-th component has 6 / (pi k)^2.
BOOST_AUTO_TEST_CASE(a_random_walk_has_large_first_components_too) {
  const auto shares = principal_components(random_walk_gram(400), 0).shares;
  for (int k = 1; k <= 3; ++k)
    BOOST_TEST(shares[static_cast<std::size_t>(k - 1)] ==
                   6 / (std::numbers::pi * std::numbers::pi * k * k),
               tolerance(1e-3));
  const SquareMatrix d = squared_distances(random_walk_gram(5));
  BOOST_TEST(d(1, 4) == 3);
}

BOOST_AUTO_TEST_CASE(shapes_are_told_apart) {
  const TrajectoryShape straight = shape_of(gram_of(line(20)));
  BOOST_TEST(straight.straightness == 1, tolerance(1e-9));
  BOOST_TEST(straight.local_linearity == 1, tolerance(1e-9));
  BOOST_TEST(straight.components_99 == 1u);

  Points half;  // of a circle: diameter against arc, and nearly straight from close by
  for (int i = 0; i <= 100; ++i)
    half.push_back({std::cos(i * std::numbers::pi / 100), std::sin(i * std::numbers::pi / 100)});
  const TrajectoryShape bent = shape_of(gram_of(half));
  BOOST_TEST(bent.straightness == 2 / std::numbers::pi, tolerance(1e-3));
  BOOST_TEST(bent.local_linearity > 0.99);
  BOOST_TEST(bent.components_99 == 2u);

  const TrajectoryShape walk = shape_of(random_walk_gram(101));
  BOOST_TEST(walk.straightness == 0.1, tolerance(1e-9));  // sqrt(100) of 100 steps
  BOOST_TEST(walk.local_linearity < 0.65);

  const TrajectoryShape still = shape_of(gram_of(Points(12, {1, 2})));  // nothing is divided by 0
  BOOST_TEST(still.shares[0] == 0);
  BOOST_TEST(still.straightness == 0);
  BOOST_TEST(still.local_linearity == 0);
}

BOOST_AUTO_TEST_CASE(a_runs_trajectory_is_that_of_its_snapshots) {
  const ToyData data(90, 20);
  RunConfig config = small_run("slvt");
  config.device = "cpu";
  const RunFolder folder{data.folder() / "run"};
  const Network net = network_of(config);
  train_run(recipe_of(config), net, data.dataset, {.folder = folder.path, .snapshot_every = 2});
  const Trajectory t = read_trajectory(folder);
  BOOST_TEST((t.steps == std::vector<std::int64_t>{0, 2, 4, 6}));
  std::vector<std::vector<float>> thetas;
  for (const Snapshot& s : find_snapshots(folder)) {
    thetas.emplace_back(net.param_count());
    read_snapshot(s, net, thetas.back());
  }
  std::size_t begin = 0;
  BOOST_REQUIRE(t.layers.size() == 4u);
  for (const LayerTrajectory& layer : t.layers) {
    for (std::size_t i = 0; i < 4; ++i)
      for (std::size_t j = 0; j < 4; ++j) {
        double sum = 0;
        for (std::size_t k = begin; k < begin + layer.parameters; ++k)
          sum += static_cast<double>(thetas[i][k]) * static_cast<double>(thetas[j][k]);
        BOOST_TEST(layer.gram(i, j) == sum, tolerance(1e-10));
      }
    begin += layer.parameters;
  }
  BOOST_TEST(begin == net.param_count());

  const nlohmann::json json = trajectory_json(t, {.snapshot_every = 2});
  BOOST_TEST(json["network"]["parameters"] == net.param_count());
  BOOST_TEST(json["layers"][2]["layer"] == "fc1");
  for (const char* space : {"pca", "tsne"}) {
    BOOST_TEST(json[space]["layers"].size() == 4u);
    BOOST_TEST(json[space]["layers"][3]["x"].size() == 4u);
  }
  const nlohmann::json numbers = trajectory_numbers(t, {});
  BOOST_TEST(numbers["network"] == json["network"]);
  BOOST_TEST(!numbers["layers"][0].contains("x"));
}

// Of other settings than the table's: neither a line nor a picture, and no random walk beside none.
BOOST_AUTO_TEST_CASE(outdated_rows_are_left_out_of_trajectories) {
  const Trajectory walks{{0, 2, 4, 6, 8},
                         {{"conv1", 3, random_walk_gram(5)}, {"fc1", 7, random_walk_gram(5)}}};
  const nlohmann::json trajectory = trajectory_json(walks, {.snapshot_every = 2, .perplexity = 2});
  const auto entry = [&](const std::string& row) {
    return nlohmann::json{{"row", row}, {"runs", {{{"trajectory", trajectory}}}}};
  };
  nlohmann::json report = {{"entries", {entry("kept"), entry("changed")}}};
  const auto shows = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  BOOST_TEST(shows(trajectories_markdown(report), "| changed | fc1 | 7 |"));
  BOOST_TEST(shows(trajectories_html(report), "<td>changed<td>fc1<td>7"));
  report["entries"][1]["outdated"] = true;
  for (const std::string& text : {trajectories_markdown(report), trajectories_html(report)}) {
    BOOST_TEST(shows(text, "kept"));
    BOOST_TEST(!shows(text, "changed"));
  }
  if (has_gnuplot())
    for (const NamedPicture& picture : pictures_of_trajectories(report)) {
      BOOST_TEST(shows(picture.svg, "kept"), picture.name);
      BOOST_TEST(!shows(picture.svg, "changed"), picture.name);
    }
  report["entries"][0]["outdated"] = true;
  BOOST_TEST(trajectories_markdown(report).empty());
  BOOST_TEST(trajectories_html(report).empty());
  BOOST_TEST(pictures_of_trajectories(report).empty());
}
