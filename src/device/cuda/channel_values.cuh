#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstddef>

#include "device/cuda/launch.hpp"
#include "device/ops/step_control.hpp"
#include "device/tensor.hpp"

/// Work on the values of each channel of a plain tensor [N, C, H, W], one or (where a plane is a
/// multiple of four) four at once.
namespace mapnet::cuda {

inline constexpr unsigned kChannelThreads = 256;

struct ChannelValues {
  unsigned images, channels, plane;  // plane: values, or fours of them

  /// Position of value i of channel c, counted through all images.
  __device__ std::size_t at(unsigned c, unsigned i) const {
    const unsigned image = i / plane;
    return (static_cast<std::size_t>(image) * channels + c) * plane + (i - image * plane);
  }
  /// A channel's values in the batch's images; a stability pass has fewer rows than the batch.
  __device__ unsigned values(const StepControl& control) const {
    const auto count = static_cast<unsigned>(control.now.count);
    return (count < images ? count : images) * plane;
  }
  std::size_t all() const { return std::size_t{images} * channels * plane; }
};

/// True where fours can be loaded at once.
inline bool in_fours(const Tensor& x) { return x.h * x.w % 4 == 0 && x.offset % 4 == 0; }

inline ChannelValues channel_values(const Tensor& x, bool fours) {
  return {static_cast<unsigned>(x.n), static_cast<unsigned>(x.c),
          static_cast<unsigned>(x.h * x.w) / (fours ? 4 : 1)};
}

/// Blocks a channel's sum is shared by: eight rounds of values for each at least, and together a
/// few for each processor of a big GPU.
inline unsigned channel_splits(const Tensor& x) {
  constexpr std::size_t kBlockValues = 8 * 4 * kChannelThreads, kBlocks = 2048;
  const std::size_t values = x.padded_size() / static_cast<std::size_t>(x.c),
                    most = (kBlocks + static_cast<std::size_t>(x.c) - 1) /
                           static_cast<std::size_t>(x.c);
  return static_cast<unsigned>(std::clamp<std::size_t>(values / kBlockValues, 1, most));
}

}  // namespace mapnet::cuda
