#include "device/ops/avg_pool.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/cpu/vec16.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

/// A tensor is a row of planes [h][w][block], of `size` floats each, and its pooled twin has
/// `block` floats for each of them. Sixteen lanes hold whole pixels, as 16 is a multiple of every
/// block.
struct Planes {
  std::size_t count, size, block;
  float area;
};

Planes planes_of(const Tensor& x) {
  const auto block = static_cast<std::size_t>(x.channel_block);
  const std::size_t area = static_cast<std::size_t>(x.h) * static_cast<std::size_t>(x.w);
  return {x.padded_size() / (area * block), area * block, block, static_cast<float>(area)};
}

/// mean [block] of one plane.
MAPNET_CPU_LEVELS void mean_of_plane(float* mean, const float* plane, const Planes& s) {
  v16f sums[4] = {};  // as many additions as it takes to wait for none
  std::size_t i = 0;
  for (; i + 64 <= s.size; i += 64)
    for (std::size_t k = 0; k < 4; ++k) {
      v16f x;
      load(x, plane + i + 16 * k);
      sums[k] += x;
    }
  for (; i + 16 <= s.size; i += 16) {
    v16f x;
    load(x, plane + i);
    sums[0] += x;
  }
  float lanes[16];
  store(lanes, (sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (std::size_t lane = 0; i < s.size; ++i, ++lane) lanes[lane] += plane[i];
  for (std::size_t half = 8; half >= s.block; half /= 2)
    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  for (std::size_t c = 0; c < s.block; ++c) mean[c] = lanes[c] / s.area;
}

/// plane = dmean [block] / area, for each pixel.
MAPNET_CPU_LEVELS void spread_over_plane(float* plane, const float* dmean, const Planes& s) {
  float lanes[16];
  for (std::size_t lane = 0; lane < 16; ++lane) lanes[lane] = dmean[lane % s.block] / s.area;
  v16f share;
  load(share, lanes);
  std::size_t i = 0;
  for (; i + 16 <= s.size; i += 16) store(plane + i, share);
  std::copy_n(lanes, s.size - i, plane + i);
}

}  // namespace

Tensor global_avg_pool_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  Tensor y = global_avg_pool_shape(x);
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer};
  step.writes = {y.buffer};
  step.flops = static_cast<double>(x.padded_size());
  step.bytes = static_cast<double>(x.bytes() + y.bytes());
  step.bind = [=, n_threads = schedule.n_threads(), s = planes_of(x)](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    auto* to = memory.at<float>(y.buffer);
    return [=] {
      parallel_for(static_cast<int>(s.count), n_threads, [=](int plane) {
        const auto p = static_cast<std::size_t>(plane);
        mean_of_plane(to + p * s.block, from + p * s.size, s);
      });
    };
  };
  schedule.add(std::move(step));
  return y;
}

Tensor global_avg_pool_backward(Schedule& schedule, const std::string& name, const Tensor& x,
                                const Tensor& dy) {
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer};
  step.writes = {dx.buffer};
  step.bytes = static_cast<double>(dx.bytes() + dy.bytes());
  step.bind = [=, n_threads = schedule.n_threads(), s = planes_of(x)](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(dy.buffer) + dy.offset;
    auto* to = memory.at<float>(dx.buffer);
    return [=] {
      parallel_for(static_cast<int>(s.count), n_threads, [=](int plane) {
        const auto p = static_cast<std::size_t>(plane);
        spread_over_plane(to + p * s.size, from + p * s.block, s);
      });
    };
  };
  schedule.add(std::move(step));
  return dx;
}

}  // namespace mapnet::cpu
