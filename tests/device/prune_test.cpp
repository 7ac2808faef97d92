#include "device/ops/prune.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "device/op_harness.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(pruned_values_become_zero_and_the_others_keep_their_bits) {
  // A lone value, whole words and a rest, several chunks of a CPU's threads and blocks of a GPU.
  for (const std::size_t n : {1u, 31u, 32u, 33u, 1000u, 100001u}) {
    Vector values = exact_floats(n, 1);
    std::vector<std::uint32_t> words(pruned_words(n));
    const Vector draws = exact_floats(n, 2);
    for (std::size_t j = 0; j < n; ++j)
      if (draws[j] > 0 || j == n - 1) words[j / 32] |= 1u << (j % 32);
    if (words.size() > 4) words[2] = 0, words[3] = ~0u;
    values[0] = -std::numeric_limits<double>::infinity();
    values[n - 1] = std::numeric_limits<double>::quiet_NaN();  // pruned, whatever it is

    OpHarness h;
    const BufferId buffer = h.input(values);
    prune(h.schedule, "prune", buffer, h.array(words), n);
    h.run();
    const Vector got = h.read(buffer, n);
    std::size_t wrong = 0;
    for (std::size_t j = 0; j < n; ++j)
      wrong += got[j] != (is_pruned(words.data(), j) ? 0.0 : values[j]);
    BOOST_TEST(wrong == 0u, n << " values: " << wrong << " wrong");
  }
}

BOOST_AUTO_TEST_CASE(bits_that_are_all_zero_prune_nothing) {
  const Vector values = exact_floats(777, 3);
  OpHarness h;
  const BufferId buffer = h.input(values);
  // As an arena is when it is made: what a run starts with.
  prune(h.schedule, "prune", buffer, h.schedule.persistent_buffer("pruned", "test", 100), 777);
  h.run();
  BOOST_TEST((h.read(buffer, 777) == values));
}
