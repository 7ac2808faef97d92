#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/random.hpp"
#include "mapping/partition.hpp"
#include "train/inference.hpp"
#include "train/maps/learned_basis.hpp"
#include "train/recipes.hpp"
#include "train/sample_order.hpp"
#include "train/toy_data.hpp"

/// Maps that are learned: what they are made of, and that they are orthonormal.
using namespace mapnet;
using namespace mapnet::test;

namespace {

const ToyData& digits() {
  static const ToyData data(42, 20);
  return data;
}

RunConfig learned_run(const char* family, const std::string& strategy = "slvt") {
  RunConfig config = small_run(strategy);
  config.map = family;
  if (config.latent) config.latent = 24;
  if (!config.latents.empty()) config.latents = {9, 16, 20, 8};
  return config;
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
  MapSource source(recipe, net, d, map, {}, Purpose::sketch);
  std::vector<float> sketch(map.target_size());
  source.sketch(sketch);

  const std::vector<std::uint8_t> pixels = first_samples(d, recipe.seed, 16);
  Session session(learning_recipe(recipe, d, Purpose::sketch), net, d, Purpose::sketch);
  Inference inference(net, {16, session.pixels()}, open_device(recipe));
  std::vector<float> scales(map.target_size()), base(map.target_size());
  for (const RowScale& s : map.scales)
    for (std::size_t j = s.offset; j < s.offset + s.rows; ++j) {
      scales[j] = s.scale;
      base[j] = s.scale * random_normals(recipe.seed, Stream::base, j / 4)[j % 4];
    }
  const auto value_at = [&](const std::vector<float>& direction, float eps) {
    std::vector<float> theta = base, logits(160);
    for (std::size_t j = 0; j < theta.size(); ++j) theta[j] += eps * scales[j] * direction[j];
    inference.set_weights(theta, {});
    inference.run(pixels, logits);
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i)
      sum += static_cast<double>(logits[i]) *
             static_cast<double>(random_normals(recipe.seed, Stream::stability, i / 4)[i % 4]);
    return sum;
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    std::vector<float> direction(map.target_size());
    double slope = 0, size = 0;
    for (std::size_t j = 0; j < direction.size(); ++j) {
      direction[j] = random_normals(seed, Stream::stability, j / 4, 9)[j % 4];
      slope += static_cast<double>(sketch[j]) * static_cast<double>(direction[j]);
      size += static_cast<double>(sketch[j]) * static_cast<double>(sketch[j]);
    }
    const float eps = 1e-3f;
    const double measured = (value_at(direction, eps) - value_at(direction, -eps)) / (2e-3);
    BOOST_TEST_MESSAGE(slope << " " << measured << " of " << std::sqrt(size));
    BOOST_TEST(std::abs(measured - slope) < 0.05 * std::sqrt(size));
  }
}
