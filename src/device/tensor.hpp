#pragma once

#include <cstddef>

#include "device/schedule.hpp"

namespace mapnet {

/// A float32 activation [n, c, h, w]. Its values lie in memory as [n][c / block][h][w][block] with
/// `block` channels innermost: 1 is plain nchw, 8 and 16 are what the CPU's convolutions like.
/// Channels are padded with zeros to a multiple of the block.
struct Tensor {
  BufferId buffer = kNoBuffer;
  int n = 0, c = 0, h = 1, w = 1;
  int channel_block = 1;
  std::size_t offset = 0;  ///< of the first value in the buffer, in floats

  /// Images first ... first + count - 1, where they lie: a sub-batch without a copy.
  Tensor images(int first, int count) const {
    Tensor part = *this;
    part.n = count;
    part.offset += padded_size() / static_cast<std::size_t>(n) * static_cast<std::size_t>(first);
    return part;
  }

  std::size_t features() const {
    return static_cast<std::size_t>(c) * static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
  }
  std::size_t padded_size() const {
    const int blocks = (c + channel_block - 1) / channel_block;
    return static_cast<std::size_t>(n) * static_cast<std::size_t>(blocks * channel_block) *
           static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
  }
  std::size_t bytes() const { return padded_size() * sizeof(float); }
};

/// A tensor's place in a flat parameter buffer (theta or dtheta), in floats, row-major as PyTorch
/// stores it.
struct ParamSlice {
  BufferId buffer = kNoBuffer;
  std::size_t offset = 0;

  bool absent() const { return buffer == kNoBuffer; }  ///< a layer without a bias
};

}  // namespace mapnet
