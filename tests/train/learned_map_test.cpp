#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "algebra/symmetric_eigen.hpp"
#include "common/compare.hpp"
#include "device/random.hpp"
#include "mapping/partition.hpp"
#include "train/inference.hpp"
#include "train/learned_runs.hpp"
#include "train/maps/map_source.hpp"
#include "train/sample_order.hpp"

/// Maps that are learned: what they are made of, and that they are orthonormal.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A buffer of a session's learned map.
std::vector<float> read_buffer(const Session& session, BufferId buffer, std::size_t n) {
  std::vector<float> values(n);
  session.program().read<float>(values, buffer);
  return values;
}

/// The largest entry of A^T A - I; A [rows, n] with rows of ld.
double from_orthonormal(const std::vector<float>& a, std::size_t rows, std::size_t n,
                        std::size_t ld) {
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double dot = 0;
      for (std::size_t r = 0; r < rows; ++r)
        dot += static_cast<double>(a[r * ld + i]) * static_cast<double>(a[r * ld + j]);
      worst = std::max(worst, std::abs(dot - (i == j ? 1.0 : 0.0)));
    }
  return worst;
}

/// W of each block, or the factors of each matrix, and how far they are from orthonormal.
struct Learned {
  std::vector<float> values;
  double off = 0;
};

Learned learned(const RunConfig& config, const Dataset& dataset) {
  const Network net = network("cnn2");
  const Session session(recipe_of(config), net, dataset, Purpose::train);
  const RunSchedule& run = session.run_schedule();
  Learned all;
  const auto add = [&](BufferId buffer, std::size_t rows, std::size_t n, std::size_t ld) {
    const std::vector<float> a = read_buffer(session, buffer, rows * ld);
    all.off = std::max(all.off, from_orthonormal(a, rows, n, ld));
    all.values.insert(all.values.end(), a.begin(), a.end());
  };
  for (std::size_t i = 0; i < run.map_state.dense.size(); ++i) {
    const MapBlock& block = run.map.blocks[i];
    add(run.map_state.dense[i], block.rows, block.latents, dense_row_length(block.latents));
  }
  for (std::size_t i = 0; i < run.map.matrices.size(); ++i) {
    const KroneckerMatrix& m = run.map.matrices[i];
    add(run.map_state.left[i], m.rows, m.left, m.left);
    add(run.map_state.right[i], m.cols, m.right, m.right);
  }
  return all;
}

/// How much of a row's matrix `i`, with its bias, lies in the span of the session's U (x) V: the
/// share of the squares.
double share_inside(const Session& session, std::size_t i, std::span<const float> row) {
  const KroneckerMatrix& m = session.run_schedule().map.matrices[i];
  const MapState& state = session.run_schedule().map_state;
  const std::vector<float> U = read_buffer(session, state.left[i], m.rows * m.left);
  const std::vector<float> V = read_buffer(session, state.right[i], m.cols * m.right);
  const std::size_t n = m.weight_cols();
  const auto value = [&](std::size_t r, std::size_t c) {
    return static_cast<double>(c < n ? row[m.offset + r * n + c] : row[m.bias_offset + r]);
  };
  double size = 0, inside = 0;
  for (std::size_t r = 0; r < m.rows; ++r)
    for (std::size_t c = 0; c < m.cols; ++c) size += value(r, c) * value(r, c);
  for (std::size_t k = 0; k < m.left; ++k)
    for (std::size_t l = 0; l < m.right; ++l) {
      double dot = 0;  // with u v^T
      for (std::size_t r = 0; r < m.rows; ++r)
        for (std::size_t c = 0; c < m.cols; ++c)
          dot += static_cast<double>(U[r * m.left + k]) * value(r, c) *
                 static_cast<double>(V[c * m.right + l]);
      inside += dot * dot;
    }
  return inside / size;
}

/// The pixels of the training samples at positions 0 ... n of the first epoch's order.
std::vector<std::uint8_t> first_samples(const Dataset& d, std::uint64_t seed, std::size_t n) {
  std::vector<std::uint8_t> pixels(d.train.count * 784), chosen;
  read_pixels(d, d.train, pixels);
  std::vector<std::uint32_t> order(d.train.count);
  fill_sample_order(order, {d.train.count, 0, 0, false}, seed, 0);
  for (std::size_t i = 0; i < n; ++i) {
    const auto* from = pixels.data() + order[i] * 784;
    chosen.insert(chosen.end(), from, from + 784);
  }
  return chosen;
}

}  // namespace

// J^T v against central differences of v . logits along random directions of theta.
BOOST_AUTO_TEST_CASE(a_sketch_is_the_gradient_of_random_logits) {
  const Dataset& d = digits().dataset;
  const Network net = network("cnn2");
  RunConfig config = learned_run("gradient");
  config.learned_map.batch = 16;
  const Recipe recipe = recipe_of(config);
  const MapDesc map = make_map(net, recipe.mapping);
  MapSource source(recipe, net, d, map, {});
  std::vector<float> sketch(map.target_size());
  source.sketch(sketch);

  const std::vector<std::uint8_t> pixels = first_samples(d, recipe.seed, 16);
  Session session(learning_recipe(recipe, d), net, d, Purpose::sketch);
  Inference inference(net, {16, session.pixels()}, open_device(recipe));
  std::vector<float> scales(map.target_size()), base(map.target_size());
  for (const RowScale& s : map.scales)
    for (std::size_t j = s.offset; j < s.offset + s.rows; ++j) {
      scales[j] = s.scale;
      base[j] = s.scale * random_normal(recipe.seed, Stream::base, j);
    }
  const auto value_at = [&](const std::vector<float>& direction, float eps) {
    std::vector<float> theta = base, logits(160);
    for (std::size_t j = 0; j < theta.size(); ++j) theta[j] += eps * scales[j] * direction[j];
    inference.set_weights(theta, {});
    inference.run(pixels, logits);
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i)
      sum += static_cast<double>(logits[i]) *
             static_cast<double>(random_normal(recipe.seed, Stream::stability, i));
    return sum;
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    std::vector<float> direction(map.target_size());
    double slope = 0, size = 0;
    for (std::size_t j = 0; j < direction.size(); ++j) {
      direction[j] = random_normal(seed, Stream::stability, j, 9);
      slope += static_cast<double>(sketch[j]) * static_cast<double>(direction[j]);
      size += static_cast<double>(sketch[j]) * static_cast<double>(sketch[j]);
    }
    const float eps = 1e-3f;
    const double measured = (value_at(direction, eps) - value_at(direction, -eps)) / (2e-3);
    // Kinks of the ReLUs that lie within eps: about a hundredth of the gradient's length here.
    BOOST_TEST(std::abs(measured - slope) < 0.05 * std::sqrt(size));
  }
}

// A trajectory of six steps has six directions: what 24 latents have beyond is filled in.
BOOST_AUTO_TEST_CASE(a_learned_map_is_orthonormal_and_the_same_each_time) {
  const ToyData others(50, 20);
  for (const char* family : kFamilies)
    for (const char* strategy : {"slvt", "lwt"}) BOOST_TEST_CONTEXT(family << " " << strategy) {
        if (testing_emulated() && strategy == std::string("lwt")) continue;
        const RunConfig config = learned_run(family, strategy);
        const Learned map = learned(config, digits().dataset);
        // Columns are float32: each of P products is off by 6e-8 of itself, and they add up to 1.
        BOOST_TEST(map.off < 2e-6);
        BOOST_TEST(same_bits(map.values, learned(config, digits().dataset).values));
        BOOST_TEST(!same_bits(map.values, learned(config, others.dataset).values));
        RunConfig other = config;
        other.learned_map.seed = 6;
        BOOST_TEST(!same_bits(map.values, learned(other, digits().dataset).values));
        if (family != std::string("kronecker")) continue;
        other.learned_map.epochs = 1;
        const Learned walked = learned(other, digits().dataset);
        BOOST_TEST(walked.off < 2e-6);
        BOOST_TEST(same_bits(walked.values, learned(other, digits().dataset).values));
      }
}

// `--map-data`: the samples are those of another data set of the same shape.
BOOST_AUTO_TEST_CASE(a_map_is_learned_from_another_data_set) {
  RunConfig config = learned_run("kronecker");
  const Learned own = learned(config, digits().dataset);
  config.learned_map.data = "noise-1x28x28x10";
  const Learned other = learned(config, digits().dataset);
  BOOST_TEST(!same_bits(own.values, other.values));
  BOOST_TEST(same_bits(other.values, learned(config, ToyData(50, 20).dataset).values));
  config.learned_map.data = "noise-3x28x28x10";
  check_fails<UsageError>([&] { learned(config, digits().dataset); },
                          {"--map-data", "noise-3x28x28x10", "[3, 28, 28]", "[1, 28, 28]"});
}

// With as many directions as the way has steps the way itself lies among them.
BOOST_AUTO_TEST_CASE(a_trajectory_lies_in_the_map_learned_from_it) {
  const Network net = network("cnn2");
  RunConfig config = learned_run("trajectory");
  config.latent = config.learned_map.sketches = 6;  // two epochs of three steps
  const Recipe recipe = recipe_of(config);
  const MapDesc map = make_map(net, recipe.mapping);
  const std::vector<float> W = learned(config, digits().dataset).values;
  const std::size_t ld = dense_row_length(6);
  MapSource source(recipe, net, digits().dataset, map, {});
  std::size_t snapshots = 0;
  source.each_row([&](std::span<const float> way) {
    ++snapshots;
    double size = 0, inside = 0;
    for (const float v : way) size += static_cast<double>(v) * static_cast<double>(v);
    for (std::size_t k = 0; k < 6; ++k) {
      double dot = 0;
      for (std::size_t j = 0; j < way.size(); ++j)
        dot += static_cast<double>(way[j]) * static_cast<double>(W[j * ld + k]);
      inside += dot * dot;
    }
    BOOST_TEST(size > 0);
    BOOST_TEST(std::abs(inside / size - 1) < 1e-5);
  });
  BOOST_TEST(snapshots == 6u);
}

// Of fewer directions than steps each holds as much of their squares as any at right angles to
// those before it could.
BOOST_AUTO_TEST_CASE(of_fewer_directions_than_rows_the_main_ones_are_taken) {
  const Network net = network("cnn2");
  RunConfig config = learned_run("trajectory");
  config.latent = 2;
  config.learned_map.sketches = 6;
  const Recipe recipe = recipe_of(config);
  const std::vector<float> W = learned(config, digits().dataset).values;
  const std::size_t ld = dense_row_length(2);
  MapSource source(recipe, net, digits().dataset, make_map(net, recipe.mapping), {});
  std::vector<std::vector<float>> rows;
  source.each_row([&](std::span<const float> way) { rows.emplace_back(way.begin(), way.end()); });
  BOOST_REQUIRE(rows.size() == 6u);
  SquareMatrix gram(6);
  std::vector<double> held(2);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j)
      for (std::size_t at = 0; at < rows[i].size(); ++at)
        gram(i, j) += static_cast<double>(rows[i][at]) * static_cast<double>(rows[j][at]);
    for (std::size_t k = 0; k < 2; ++k) {
      double dot = 0;
      for (std::size_t at = 0; at < rows[i].size(); ++at)
        dot += static_cast<double>(rows[i][at]) * static_cast<double>(W[at * ld + k]);
      held[k] += dot * dot;
    }
  }
  std::vector<double> most = symmetric_eigen(std::move(gram)).values;
  std::ranges::sort(most, std::greater());
  BOOST_TEST(most[1] > 1.01 * most[2]);  // the third would be missed
  for (std::size_t k = 0; k < 2; ++k) BOOST_TEST(std::abs(held[k] / most[k] - 1) < 1e-5, k);
}

// The first sample's gradient of a fully connected layer is g a^T: one direction on either side.
BOOST_AUTO_TEST_CASE(kronecker_factors_hold_what_the_gradients_sides_are) {
  const Network net = network("cnn2");
  RunConfig config = learned_run("kronecker");
  config.learned_map.sketches = 1;
  const Recipe recipe = recipe_of(config);
  const Session session(recipe, net, digits().dataset, Purpose::train);
  const MapDesc& map = session.run_schedule().map;
  MapSource source(recipe, net, digits().dataset, map, {});
  std::vector<float> sketch(map.target_size());
  source.sketch(sketch);
  for (std::size_t i = 0; i < map.matrices.size(); ++i)
    if (map.matrices[i].name.starts_with("fc"))
      BOOST_TEST(std::abs(share_inside(session, i, sketch) - 1) < 1e-5, map.matrices[i].name);
}

// What six steps of a direct training come to lies in the U (x) V learned from them, far more than
// in one of gradients at its start.
BOOST_AUTO_TEST_CASE(kronecker_factors_of_a_direct_training_hold_its_way) {
  const Network net = network("cnn2");
  RunConfig config = learned_run("kronecker");
  config.latent = 400;
  const Session sketched(recipe_of(config), net, digits().dataset, Purpose::train);
  config.learned_map.epochs = 2;
  const Recipe recipe = recipe_of(config);
  const Session walked(recipe, net, digits().dataset, Purpose::train);
  const MapDesc& map = walked.run_schedule().map;
  MapSource source(recipe, net, digits().dataset, map, {});
  BOOST_TEST(source.row_count() == 6u);
  std::vector<float> last;
  source.each_row([&](std::span<const float> way) { last.assign(way.begin(), way.end()); });
  for (std::size_t i = 0; i < map.matrices.size(); ++i) {
    const double of_way = share_inside(walked, i, last), of_start = share_inside(sketched, i, last);
    BOOST_TEST(of_way > of_start, map.matrices[i].name);
  }
}

// What augments and softens the run does so to the training that its map is learned from; a
// gradient at the start is of the samples as they are.
BOOST_AUTO_TEST_CASE(a_direct_training_that_is_learned_from_goes_by_the_runs_regularisation) {
  RunConfig config = learned_run("trajectory");
  config.regularisation = {.shift = 1, .flip = true, .label_smoothing = 0.1, .weight_decay = 0.01};
  Regularisation expected = config.regularisation;
  expected.weight_decay = 0;
  const Recipe learning = learning_recipe(recipe_of(config), digits().dataset);
  BOOST_TEST(nlohmann::json(learning.regularisation) == nlohmann::json(expected));
  config.map = "gradient";
  config.learned_map = {};
  BOOST_TEST(!learning_recipe(recipe_of(config), digits().dataset).regularisation.any());
}
