#include "device/ops/avg_pool.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/cpu/plane_sums.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

/// A tensor's planes: [n, planes, pixels, block].
struct Planes {
  std::size_t planes, pixels, block;  ///< of one image
  explicit Planes(const Tensor& x)
      : pixels(static_cast<std::size_t>(x.h * x.w)),
        block(static_cast<std::size_t>(x.channel_block)) {
    planes = x.padded_size() / static_cast<std::size_t>(x.n) / pixels / block;
  }
  std::size_t image() const { return planes * pixels * block; }
  std::size_t means() const { return planes * block; }  ///< channels with their padding
};

MAPNET_CPU_LEVELS void take_means(float* y, const float* x, Planes s) {
  const auto count = static_cast<float>(s.pixels);
  for (std::size_t p = 0; p < s.planes; ++p, x += s.pixels * s.block, y += s.block) {
    sum_pixels(y, x, s.pixels, s.block);
    for (std::size_t l = 0; l < s.block; ++l) y[l] /= count;
  }
}

MAPNET_CPU_LEVELS void spread(float* dx, const float* dy, Planes s) {
  const auto count = static_cast<float>(s.pixels);
  const std::size_t n = s.pixels * s.block;
  for (std::size_t p = 0; p < s.planes; ++p, dx += n, dy += s.block) {
    float lanes[16];  // sixteen values of a plane are whole pixels
    for (std::size_t l = 0; l < 16; ++l) lanes[l] = dy[l % s.block] / count;
    v16f v;
    load(v, lanes);
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) store(dx + i, v);
    for (std::size_t l = 0; i < n; ++i, ++l) dx[i] = lanes[l];
  }
}

}  // namespace

Tensor global_avg_pool_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  Tensor y = x;
  y.offset = 0;
  y.h = y.w = 1;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer};
  step.writes = {y.buffer};
  step.flops = static_cast<double>(x.padded_size());
  step.bytes = static_cast<double>(x.bytes() + y.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    auto* to = memory.at<float>(y.buffer);
    return [=, s = Planes(x)] {
      parallel_for(x.n, n_threads, [=](int image) {
        const auto n = static_cast<std::size_t>(image);
        take_means(to + n * s.means(), from + n * s.image(), s);
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
  step.flops = static_cast<double>(dy.padded_size());
  step.bytes = static_cast<double>(dx.bytes() + dy.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(dy.buffer) + dy.offset;
    auto* to = memory.at<float>(dx.buffer);
    return [=, s = Planes(x)] {
      parallel_for(x.n, n_threads, [=](int image) {
        const auto n = static_cast<std::size_t>(image);
        spread(to + n * s.image(), from + n * s.means(), s);
      });
    };
  };
  schedule.add(std::move(step));
  return dx;
}

}  // namespace mapnet::cpu
