#pragma once

#include <boost/test/unit_test.hpp>
#include <limits>

#include "device/op_harness.hpp"

/// What the arena's zeros would hide: outputs that an op does not write, and channels that fill up
/// a block and must be zero.
namespace mapnet::test {

/// Runs everything again with the tensors full of NaNs, as if they lay where others had been.
inline void run_again_over_nans(OpHarness& h, const std::vector<Tensor>& tensors) {
  for (const Tensor& t : tensors) {
    const std::vector<float> nans(t.padded_size(), std::numeric_limits<float>::quiet_NaN());
    h.program->write<float>(t.buffer, nans);
  }
  for (int phase = 0; phase < kPhases; ++phase) h.program->run(static_cast<Phase>(phase));
}

/// The channels that pad the last block hold zeros.
inline void check_padding(const OpHarness& h, const Tensor& t, const std::string& what) {
  const std::vector<float> values = h.read_all<float>(t.buffer, t.padded_size(), t.offset);
  Tensor padded = t;
  padded.c = (t.c + t.channel_block - 1) / t.channel_block * t.channel_block;
  std::size_t bad = 0;
  for (int n = 0; n < t.n; ++n)
    for (int c = t.c; c < padded.c; ++c)
      for (int y = 0; y < t.h; ++y)
        for (int x = 0; x < t.w; ++x) bad += values[at(padded, n, c, y, x)] != 0;
  BOOST_TEST(bad == 0u, what << ": " << bad << " values of padding are not 0");
}

}  // namespace mapnet::test
