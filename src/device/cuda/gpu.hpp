#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>

#include "device/cuda/blas.hpp"
#include "device/cuda/convolution.hpp"
#include "device/device.hpp"
#include "device/schedule.hpp"

namespace mapnet::cuda {

/// The GPU a schedule is built for: one stream on which everything is enqueued, and the libraries
/// bound to it.
class Gpu : public Device {
 public:
  virtual cudaStream_t stream() const = 0;
  virtual FastMath fast_math() const = 0;
  /// Opened at first use: a map alone needs none of them.
  virtual std::shared_ptr<Cudnn> cudnn() = 0;
  virtual std::shared_ptr<Blas> blas() = 0;
};

/// The GPU of a schedule whose ops are ours.
inline Gpu& gpu_of(const Schedule& schedule) { return static_cast<Gpu&>(*schedule.device()); }

/// How many arenas this process has taken from GPUs so far; a test holds it at one a run.
std::size_t arena_allocations();

}  // namespace mapnet::cuda
