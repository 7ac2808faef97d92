#include <Random123/philox.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/file.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// A reader of latent files by docs/formats.md alone: nothing below calls what writes or expands
/// them. What the page leaves out, or gets wrong, fails here.
using namespace mapnet;
using namespace mapnet::test;

namespace by_the_page {

enum Stream : std::uint32_t {
  base = 2,
  outer = 4,
  inner = 5,
  modulation_outer = 6,
  modulation_inner = 7
};

std::array<std::uint32_t, 4> draw(std::uint64_t seed, std::uint32_t stream, std::uint32_t index,
                                  std::uint32_t block) {
  const r123::Philox4x32::ctr_type counter = {{index, 0, block, stream}};
  const r123::Philox4x32::key_type key = {{std::uint32_t(seed), std::uint32_t(seed >> 32)}};
  const auto words = r123::Philox4x32()(counter, key);
  return {words[0], words[1], words[2], words[3]};
}

double sign(std::uint64_t seed, Stream stream, std::uint32_t block, std::size_t m, std::size_t tile,
            std::size_t i) {
  const std::size_t draws = (m + 127) / 128;
  const auto words = draw(seed, stream, std::uint32_t(tile * draws + i / 128), block);
  return words[i % 128 / 32] >> (i % 32) & 1 ? -1 : 1;
}

double normal(std::uint64_t seed, std::size_t i) {
  const auto words = draw(seed, base, std::uint32_t(i / 4), 0);
  const std::size_t pair = i % 4 / 2 * 2;
  const double u = (double(words[pair] >> 8) + 1) * std::pow(2, -24);
  const double v = double(words[pair + 1] >> 9) * std::pow(2, -23);
  const double radius = std::sqrt(-2 * std::log(u)), angle = 2 * M_PI * v;
  return radius * (i % 2 ? std::sin(angle) : std::cos(angle));
}

/// (H x)_i = sum of x_k with the sign of the bits that i and k share.
std::vector<double> hadamard(const std::vector<double>& x) {
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t k = 0; k < x.size(); ++k)
      y[i] += __builtin_popcountll(i & k) % 2 ? -x[k] : x[k];
  return y;
}

struct Tensor {
  std::size_t size;
  double s;
};

/// CNN2's layers, as PyTorch has them: weight and bias.
const std::vector<std::vector<Tensor>> cnn2 = {
    {{144, std::sqrt(2.0 / 9)}, {16, 1 / std::sqrt(3.0 * 9)}},
    {{4608, std::sqrt(2.0 / 144)}, {32, 1 / std::sqrt(3.0 * 144)}},
    {{102400, std::sqrt(2.0 / 800)}, {128, 1 / std::sqrt(3.0 * 800)}},
    {{1280, std::sqrt(2.0 / 128)}, {10, 1 / std::sqrt(3.0 * 128)}}};

double rms(const std::string& activation, double omega) {
  if (activation == "identity") return 1;
  double square = 0, weight = 0;
  for (double u = -10; u <= 10; u += 1e-3) {
    const double y = activation == "sine" ? std::sin(omega * u) : std::tanh(u);
    square += y * y * std::exp(-u * u / 2);
    weight += std::exp(-u * u / 2);
  }
  return std::sqrt(square / weight);
}

struct File {
  nlohmann::json description;
  std::vector<float> values;
};

File read(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  BOOST_REQUIRE(bytes.substr(0, 8) == "MAPNETLV");
  std::uint32_t version, n;
  std::memcpy(&version, &bytes[8], 4);
  std::memcpy(&n, &bytes[12], 4);
  BOOST_REQUIRE(version == 1u);
  File file{nlohmann::json::parse(bytes.substr(16, n)), {}};
  file.values.resize(file.description["values"]);
  std::memcpy(file.values.data(), &bytes[16 + n], 4 * file.values.size());
  BOOST_REQUIRE(bytes.size() == 16 + n + 4 * file.values.size() + 4);
  return file;
}

/// theta, and of each element the scale of its tensor.
struct Theta {
  std::vector<double> values, scales;
};

Theta expand(const File& file) {
  const nlohmann::json& recipe = file.description["recipe"];
  const std::uint64_t seed = recipe["seed"];
  const std::string activation = recipe["activation"], modulation = recipe["modulation"];
  const double omega = recipe["omega"], alpha = recipe["alpha"], r = rms(activation, omega);
  const auto latents = recipe["latents"].get<std::vector<std::size_t>>();
  Theta theta;
  std::vector<std::vector<Tensor>> blocks = cnn2;
  if (recipe["strategy"] == "slvt") {
    blocks = {{}};
    for (const auto& layer : cnn2) blocks[0].insert(blocks[0].end(), layer.begin(), layer.end());
  }
  std::size_t at = 0;
  for (std::uint32_t b = 0; b < blocks.size(); ++b) {
    const std::size_t d = latents[b];
    std::size_t m = 16;
    while (m < d) m *= 2;
    const double c = std::sqrt(double(m) / double(d)) / double(m);
    std::vector<double> x(m), squares(m);
    double norm = 0;
    for (std::size_t k = 0; k < d; ++k) {
      const double z = file.values[at + k];
      x[k] = sign(seed, inner, b, m, 0, k) * c * z;
      squares[k] = sign(seed, modulation_inner, b, m, 0, k) * alpha * c * z * z;
      norm += z * z;
    }
    at += d;
    const std::vector<double> mixed = hadamard(x), mixed_squares = hadamard(squares);
    std::vector<double> u;
    std::size_t rows = 0;
    for (const Tensor& t : blocks[b]) rows += t.size;
    for (std::size_t tile = 0; u.size() < rows; ++tile) {
      std::vector<double> y(m);
      for (std::size_t i = 0; i < m; ++i) {
        y[i] = sign(seed, outer, b, m, tile, i) * mixed[i];
        if (modulation == "signed")
          y[i] += sign(seed, modulation_outer, b, m, tile, i) * mixed_squares[i];
      }
      y = hadamard(y);
      u.insert(u.end(), y.begin(), y.end());
    }
    std::size_t row = 0;
    for (const Tensor& t : blocks[b])
      for (std::size_t i = 0; i < t.size; ++i, ++row) {
        const double v = u[row] + (modulation == "scalar" ? alpha * norm : 0);
        const double y = activation == "sine"   ? std::sin(omega * v)
                         : activation == "tanh" ? std::tanh(v)
                                                : v;
        const double scale = t.s / r;
        const double offset =
            recipe["base"] == "normal" ? scale * normal(seed, theta.values.size()) : 0;
        theta.values.push_back(scale * y + offset);
        theta.scales.push_back(scale);
      }
  }
  return theta;
}

}  // namespace by_the_page

BOOST_AUTO_TEST_CASE(a_reader_that_knows_only_the_page_gets_the_same_theta) {
  const ToyData data(32, 10);
  RunConfig plain = small_run("slvt"), waves = small_run("lwt"), equation_20 = small_run("slvt");
  waves.modulation = "signed";
  waves.activation = "sine";
  waves.base = "normal";
  equation_20.latent = 100;
  equation_20.modulation = "scalar";
  equation_20.alpha = 1e-3;
  equation_20.activation = "tanh";
  equation_20.seed = (std::uint64_t{7} << 33) + 3;
  for (const RunConfig& config : {plain, waves, equation_20}) {
    const auto folder = data.folder() / (config.strategy + config.activation.value_or(""));
    train_run(recipe_of(config), network("cnn2"), data.dataset, {folder});
    const auto theirs = by_the_page::expand(by_the_page::read(folder / "model.latent"));
    const std::vector<float> ours = expand_theta(open_model(folder), {config.device, 1});
    BOOST_REQUIRE(theirs.values.size() == ours.size());
    double worst = 0;
    for (std::size_t j = 0; j < ours.size(); ++j)
      worst = std::max(worst, std::abs(theirs.values[j] - double(ours[j])) / theirs.scales[j]);
    BOOST_TEST_MESSAGE("off by at most " << worst << " of the tensor's scale");
    BOOST_TEST(worst < 1e-5);
  }
}
