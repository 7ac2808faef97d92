#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>

#include "device/math.hpp"
#include "device/random.hpp"

/// The shared arithmetic of both backends.
using namespace mapnet;

namespace {

/// Largest error of f against the double-precision g over [low, high].
template <class F, class G>
double worst(const F& f, const G& g, double low, double high, bool relative) {
  double bad = 0;
  for (int i = 0; i <= 200000; ++i) {
    const float x = static_cast<float>(low + (high - low) * i / 200000.0);
    const double want = g(static_cast<double>(x));
    const double error = std::abs(static_cast<double>(f(x)) - want);
    const double scaled = relative && want != 0 ? error / std::abs(want) : error;
    if (!(scaled <= bad)) bad = scaled;
  }
  return bad;
}

}  // namespace

BOOST_AUTO_TEST_CASE(elementary_functions_keep_their_stated_errors) {
  BOOST_TEST(worst([](float x) { return math::exp(x); }, [](double x) { return std::exp(x); }, -80,
                   80, true) < 2e-7);
  BOOST_TEST(worst([](float x) { return math::log(x); }, [](double x) { return std::log(x); }, 1e-6,
                   0.9, true) < 2e-7);
  BOOST_TEST(worst([](float x) { return math::log(x); }, [](double x) { return std::log(x); }, 1.1,
                   1000, true) < 2e-7);
  BOOST_TEST(worst([](float x) { return math::tanh(x); }, [](double x) { return std::tanh(x); },
                   -20, 20, false) < 2e-7);
  BOOST_TEST(worst([](float x) { return math::sincos(x).sin; },
                   [](double x) { return std::sin(x); }, -100, 100, false) < 2e-7);
  BOOST_TEST(worst([](float x) { return math::sincos(x).cos; },
                   [](double x) { return std::cos(x); }, -100, 100, false) < 2e-7);
}

BOOST_AUTO_TEST_CASE(bfloat16_rounds_to_nearest_even) {
  BOOST_TEST(math::from_bf16(math::to_bf16(1.0f)) == 1.0f);
  BOOST_TEST(math::from_bf16(math::to_bf16(1.0f + 0x1p-8f)) == 1.0f);                // tie to even
  BOOST_TEST(math::from_bf16(math::to_bf16(1.0f + 3 * 0x1p-8f)) == 1.0f + 0x1p-6f);  // tie to even
  BOOST_TEST(math::from_bf16(math::to_bf16(-1.0f - 0x1.2p-8f)) == -1.0f - 0x1p-7f);
}

// Known answers of Random123 (its kat_vectors file: philox4x32-10) through our packing of the
// counter.
BOOST_AUTO_TEST_CASE(philox_gives_its_published_numbers) {
  const r123::Philox4x32::ctr_type zero = {{0, 0, 0, 0}};
  const r123::Philox4x32::key_type key = {{0, 0}};
  const auto r = r123::Philox4x32()(zero, key);
  BOOST_TEST(r[0] == 0x6627e8d5u);
  BOOST_TEST(r[1] == 0xe169c58du);
  BOOST_TEST(r[2] == 0xbc57ac4cu);
  BOOST_TEST(r[3] == 0x9b00dbd8u);
  // seed, stream, index and block each reach the counter or the key.
  const auto base = random_words(1, Stream::shuffle, 2, 3);
  BOOST_TEST((base != random_words(2, Stream::shuffle, 2, 3)));
  BOOST_TEST((base != random_words(1ull << 32 | 1, Stream::shuffle, 2, 3)));
  BOOST_TEST((base != random_words(1, Stream::base, 2, 3)));
  BOOST_TEST((base != random_words(1, Stream::shuffle, 1ull << 32 | 2, 3)));
  BOOST_TEST((base != random_words(1, Stream::shuffle, 2, 4)));
  BOOST_TEST((base == random_words(1, Stream::shuffle, 2, 3)));
}

BOOST_AUTO_TEST_CASE(normals_have_the_moments_of_a_normal) {
  constexpr int n = 250000;
  double sum[5] = {};
  int beyond3 = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    for (const float x : random_normals(42, Stream::latent_init, i)) {
      double power = 1;
      for (double& s : sum) s += power, power *= static_cast<double>(x);
      beyond3 += std::abs(x) > 3;
    }
  const double count = sum[0];
  // Each bound is five standard errors: sqrt(1, 2, 15, 96 / count) for the moments 1 to 4.
  BOOST_TEST(std::abs(sum[1] / count) < 5 * std::sqrt(1 / count));
  BOOST_TEST(std::abs(sum[2] / count - 1) < 5 * std::sqrt(2 / count));
  BOOST_TEST(std::abs(sum[3] / count) < 5 * std::sqrt(15 / count));
  BOOST_TEST(std::abs(sum[4] / count - 3) < 5 * std::sqrt(96 / count));
  BOOST_TEST(std::abs(beyond3 / count - 0.0026998) < 5 * std::sqrt(0.0027 / count));
}
