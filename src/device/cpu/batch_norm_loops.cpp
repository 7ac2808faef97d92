#include "device/cpu/batch_norm_loops.hpp"

#include <algorithm>

#include "device/cpu/vec16.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

/// Floats a lane sum takes in float32 before it goes on in double: what L1 holds of two tensors, so
/// that going over them twice reads memory once.
constexpr std::size_t kChunk = 4096;

MAPNET_CPU_LEVELS void lane_sums(float* sums, const float* x, std::size_t n) {
  v16f sum0{}, sum1{}, v;  // two chains hide the latency of the add
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    load(v, x + i);
    sum0 += v;
    load(v, x + i + kLanes);
    sum1 += v;
  }
  for (; i + kLanes <= n; i += kLanes) {
    load(v, x + i);
    sum0 += v;
  }
  store(sums, sum0 + sum1);
  for (std::size_t l = 0; i + l < n; ++l) sums[l] += x[i + l];
}

MAPNET_CPU_LEVELS void lane_squares(float* squares, const float* x, const float* centre,
                                    std::size_t n) {
  v16f square0{}, square1{}, c, v;
  load(c, centre);
  std::size_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    load(v, x + i);
    v -= c;
    square0 += v * v;
    load(v, x + i + kLanes);
    v -= c;
    square1 += v * v;
  }
  for (; i + kLanes <= n; i += kLanes) {
    load(v, x + i);
    v -= c;
    square0 += v * v;
  }
  store(squares, square0 + square1);
  for (std::size_t l = 0; i + l < n; ++l) {
    const float apart = x[i + l] - centre[l];
    squares[l] += apart * apart;
  }
}

/// dy behind the mask of the ReLU.
MAPNET_INLINE float masked(float dy, float x, const NormLanes& p, std::size_t l, bool relu) {
  return relu && !(batch_norm_value(x, p.mean[l], p.scale[l], p.beta[l]) > 0) ? 0.0f : dy;
}

template <bool kRelu>
MAPNET_INLINE void normalise_all(float* y, const float* x, std::size_t n, const NormLanes& p) {
  v16f mean, scale, beta, v;
  load(mean, p.mean), load(scale, p.scale), load(beta, p.beta);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(v, x + i);
    const v16f value = (v - mean) * scale + beta;
    store(y + i, kRelu ? value > 0 ? value : v16f{} : value);
  }
  for (std::size_t l = 0; i + l < n; ++l) {
    const float value = batch_norm_value(x[i + l], p.mean[l], p.scale[l], p.beta[l]);
    y[i + l] = kRelu && !(value > 0) ? 0.0f : value;
  }
}

template <bool kRelu>
MAPNET_INLINE void gradient_sums(float* sums, float* sums_x, const float* x, const float* dy,
                                 std::size_t n, const NormLanes& p) {
  v16f mean, scale, beta, v, g, sum{}, sum_x{};
  load(mean, p.mean), load(scale, p.scale), load(beta, p.beta);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(v, x + i), load(g, dy + i);
    v -= mean;
    if (kRelu) g = v * scale + beta > 0 ? g : v16f{};
    sum += g;
    sum_x += g * v;
  }
  store(sums, sum);
  store(sums_x, sum_x);
  for (std::size_t l = 0; i + l < n; ++l) {
    const float gradient = masked(dy[i + l], x[i + l], p, l, kRelu);
    sums[l] += gradient;
    sums_x[l] += gradient * (x[i + l] - p.mean[l]);
  }
}

template <bool kRelu>
MAPNET_INLINE void backward_all(float* dx, const float* x, const float* dy, std::size_t n,
                                const NormLanes& p, const GradientLanes& q) {
  v16f mean, scale, beta, mean_dy, slope, v, g;
  load(mean, p.mean), load(scale, p.scale), load(beta, p.beta);
  load(mean_dy, q.mean_dy), load(slope, q.slope);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    load(v, x + i), load(g, dy + i);
    v -= mean;
    if (kRelu) g = v * scale + beta > 0 ? g : v16f{};
    store(dx + i, scale * (g - mean_dy - v * slope));
  }
  for (std::size_t l = 0; i + l < n; ++l) {
    const float gradient = masked(dy[i + l], x[i + l], p, l, kRelu);
    dx[i + l] = p.scale[l] * (gradient - q.mean_dy[l] - (x[i + l] - p.mean[l]) * q.slope[l]);
  }
}

MAPNET_CPU_LEVELS void normalise_plain(float* y, const float* x, std::size_t n,
                                       const NormLanes& p) {
  normalise_all<false>(y, x, n, p);
}
MAPNET_CPU_LEVELS void normalise_relu(float* y, const float* x, std::size_t n, const NormLanes& p) {
  normalise_all<true>(y, x, n, p);
}
MAPNET_CPU_LEVELS void sums_plain(float* sums, float* sums_x, const float* x, const float* dy,
                                  std::size_t n, const NormLanes& p) {
  gradient_sums<false>(sums, sums_x, x, dy, n, p);
}
MAPNET_CPU_LEVELS void sums_relu(float* sums, float* sums_x, const float* x, const float* dy,
                                 std::size_t n, const NormLanes& p) {
  gradient_sums<true>(sums, sums_x, x, dy, n, p);
}
MAPNET_CPU_LEVELS void backward_plain(float* dx, const float* x, const float* dy, std::size_t n,
                                      const NormLanes& p, const GradientLanes& q) {
  backward_all<false>(dx, x, dy, n, p, q);
}
MAPNET_CPU_LEVELS void backward_relu(float* dx, const float* x, const float* dy, std::size_t n,
                                     const NormLanes& p, const GradientLanes& q) {
  backward_all<true>(dx, x, dy, n, p, q);
}

}  // namespace

// A chunk's mean first, then deviations from it: in float32 these lose nothing to a large mean.
void add_moments(Moments<double>* lanes, const float* x, std::size_t n) {
  for (std::size_t begin = 0; begin < n; begin += kChunk) {
    const std::size_t length = std::min(kChunk, n - begin), used = std::min(kLanes, length);
    float means[kLanes], squares[kLanes];
    std::size_t counts[kLanes];
    lane_sums(means, x + begin, length);
    for (std::size_t l = 0; l < used; ++l) {
      counts[l] = (length - l + kLanes - 1) / kLanes;
      means[l] /= static_cast<float>(counts[l]);
    }
    lane_squares(squares, x + begin, means, length);
    for (std::size_t l = 0; l < used; ++l)
      merge(lanes[l], {static_cast<double>(counts[l]), static_cast<double>(means[l]),
                       static_cast<double>(squares[l])});
  }
}

void normalise(float* y, const float* x, std::size_t n, const NormLanes& lanes, bool relu) {
  (relu ? normalise_relu : normalise_plain)(y, x, n, lanes);
}

void add_gradient_sums(GradientSums* sums, const float* x, const float* dy, std::size_t n,
                       const NormLanes& lanes, bool relu) {
  for (std::size_t begin = 0; begin < n; begin += kChunk) {
    float of_dy[kLanes], of_dy_x[kLanes];
    (relu ? sums_relu : sums_plain)(of_dy, of_dy_x, x + begin, dy + begin,
                                    std::min(kChunk, n - begin), lanes);
    for (std::size_t l = 0; l < kLanes; ++l) {
      sums[l].dy += static_cast<double>(of_dy[l]);
      sums[l].dy_x += static_cast<double>(of_dy_x[l]);
    }
  }
}

void normalise_backward(float* dx, const float* x, const float* dy, std::size_t n,
                        const NormLanes& lanes, const GradientLanes& gradient, bool relu) {
  (relu ? backward_relu : backward_plain)(dx, x, dy, n, lanes, gradient);
}

}  // namespace mapnet::cpu
