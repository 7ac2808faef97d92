#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <vector>

#include "device/cuda/check.hpp"
#include "device/cuda/gpu.hpp"

/// What an arena on a GPU does beside running steps.
using namespace mapnet;

// In pieces that end anywhere, several times as much as is on its way at once.
BOOST_AUTO_TEST_CASE(what_was_written_may_be_written_over_at_once) {
  const auto gpu = open_cuda(FastMath::off);
  std::vector<std::uint8_t> wanted(std::size_t{1} << 20), source(400001), found(wanted.size());
  const auto memory = gpu->allocate(wanted.size());
  std::uint8_t value = 0;
  for (int round = 0; round < 3; ++round) {
    std::size_t at = 0, size = 1;
    while (at < wanted.size()) {
      const std::size_t n = std::min(size, wanted.size() - at);
      std::fill_n(source.begin(), n, ++value);
      memory->write(memory->data() + at, source.data(), n);
      std::fill_n(wanted.begin() + static_cast<std::ptrdiff_t>(at), n, value);
      at += n;
      size = std::min(size * 5 + 2, source.size());
    }
    std::fill(source.begin(), source.end(), std::uint8_t{0});
    memory->write(memory->data(), source.data(), 0);  // nothing
    memory->read(found.data(), memory->data(), found.size());
    BOOST_TEST((found == wanted));
  }
}

// A graph of what is timed holds as many passes as are asked for, or fewer where they are long:
// beside them a pass is walked outside of a capture, and one recorded to see how long it is.
BOOST_AUTO_TEST_CASE(what_takes_many_launches_is_repeated_less_often) {
  const auto gpu = open_cuda(FastMath::off);
  const cudaStream_t stream = static_cast<cuda::Gpu&>(*gpu).stream();
  const auto memory = gpu->allocate(256);
  const auto passes = [&](int launches) {
    int walked = 0;
    const Run pass = [&] {
      ++walked;
      for (int i = 0; i < launches; ++i) MAPNET_CUDA(cudaMemsetAsync(memory->data(), 0, 4, stream));
    };
    BOOST_TEST(memory->seconds({pass}, 50) > 0);
    return walked;
  };
  BOOST_TEST(passes(1) == 2 + 50);
  BOOST_TEST(passes(3000) == 2 + 3);
  BOOST_TEST(passes(20000) == 2);
}
