#include <cstdint>

#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/pool_steps.hpp"
#include "device/cuda/rows.hpp"

namespace mapnet::cuda {

namespace {

/// Planes of x [planes, h, w] and y [planes, pooled_h, pooled_w].
struct PoolPlanes {
  unsigned planes, h, w, pooled_h, pooled_w, channels;
};

/// Windows of k x k, `stride` apart, the first `padding` before the first pixel. Those of
/// the networks here are known to the compiler.
struct Windows {
  unsigned k, stride, padding;
};
template <unsigned kWindow, unsigned kStride, unsigned kPadding>
struct KnownWindows {
  static constexpr unsigned k = kWindow, stride = kStride, padding = kPadding;
};

/// From `first` to before `end`.
struct Range {
  unsigned first, end;
};

/// Rows or columns of the window `index` that lie on the image, of `size`, counted in the window.
template <class W>
__device__ Range inside(const W& windows, unsigned index, unsigned size) {
  if (windows.padding == 0) return {0, windows.k};  // those that do not fit are left out
  const unsigned start = index * windows.stride;
  const unsigned first = start < windows.padding ? windows.padding - start : 0;
  const unsigned left = size + windows.padding - start;
  return {first, left < windows.k ? left : windows.k};
}

/// Windows, of `count` along an axis, in which the pixel `index` lies.
template <class W>
__device__ Range containing(const W& windows, unsigned index, unsigned count) {
  const unsigned place = index + windows.padding, last = place / windows.stride;
  const unsigned first = place < windows.k ? 0 : (place - windows.k) / windows.stride + 1;
  return {first, last < count ? last + 1 : count};
}

/// y = max of a window + bias [channels], which may be null; argmax: where, the first in row-major
/// order. Rows are those of y.
template <class W>
__global__ void pool_forward_kernel(float* y, std::uint8_t* argmax, const float* x,
                                    const float* bias, PoolPlanes s, W windows) {
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.pooled_h, at = row % s.pooled_h;
  if (plane >= s.planes) return;
  const float* image = x + static_cast<std::size_t>(plane) * s.h * s.w;
  const Range down = inside(windows, at, s.h);
  const float b = bias ? bias[plane % s.channels] : 0.0f;
  for (unsigned column = threadIdx.x; column < s.pooled_w; column += blockDim.x) {
    const Range across = inside(windows, column, s.w);
    // Unsigned sums wrap: what a window's corner in the padding lacks, first makes good for.
    const unsigned top = at * windows.stride - windows.padding;
    const unsigned side = column * windows.stride - windows.padding;
    float most = image[(top + down.first) * s.w + side + across.first];
    unsigned where = down.first * windows.k + across.first;
    for (unsigned i = down.first; i < down.end; ++i)
      for (unsigned j = across.first; j < across.end; ++j) {
        const float value = image[(top + i) * s.w + side + j];
        if (value > most) {
          most = value;
          where = i * windows.k + j;
        }
      }
    const std::size_t out = static_cast<std::size_t>(row) * s.pooled_w + column;
    y[out] = most + b;
    argmax[out] = static_cast<std::uint8_t>(where);
  }
}

/// dx, all of it: the sum, in row-major order, of dy of the windows whose maximum was there. Rows
/// are those of dx.
template <class W>
__global__ void pool_backward_kernel(float* dx, const float* dy, const std::uint8_t* argmax,
                                     PoolPlanes s, W windows) {
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.h, y = row % s.h;
  if (plane >= s.planes) return;
  const Range down = containing(windows, y, s.pooled_h);
  const std::size_t pooled = static_cast<std::size_t>(plane) * s.pooled_h * s.pooled_w;
  for (unsigned x = threadIdx.x; x < s.w; x += blockDim.x) {
    const Range across = containing(windows, x, s.pooled_w);
    float sum = 0;
    for (unsigned at = down.first; at < down.end; ++at)
      for (unsigned column = across.first; column < across.end; ++column) {
        const unsigned i = y + windows.padding - at * windows.stride;
        const unsigned j = x + windows.padding - column * windows.stride;
        const std::size_t window = pooled + at * s.pooled_w + column;
        if (argmax[window] == i * windows.k + j) sum += dy[window];
      }
    dx[static_cast<std::size_t>(row) * s.w + x] = sum;
  }
}

PoolPlanes planes_of(const Tensor& x, const Tensor& y) {
  const auto count = [](int n) { return static_cast<unsigned>(n); };
  return {count(x.n * x.c), count(x.h), count(x.w), count(y.h), count(y.w), count(x.c)};
}

/// make(windows): with windows the compiler knows where it can.
template <class Make>
Run with_windows(const MaxPoolDesc& d, const Make& make) {
  if (d.kernel == 2 && d.step() == 2 && d.padding == 0) return make(KnownWindows<2, 2, 0>{});
  if (d.kernel == 3 && d.step() == 2 && d.padding == 1) return make(KnownWindows<3, 2, 1>{});
  return make(Windows{static_cast<unsigned>(d.kernel), static_cast<unsigned>(d.step()),
                      static_cast<unsigned>(d.padding)});
}

}  // namespace

MaxPool add_pool_forward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x, const ParamSlice& bias, const std::string& argmax_name) {
  require_layout(name, x, 1);
  require_window(name, desc.kernel);
  MaxPool pool{max_pool_shape(name, desc, x), kNoBuffer};
  pool.y.buffer = schedule.buffer(name + ".y", "activations", pool.y.bytes());
  pool.argmax = schedule.buffer(argmax_name, "activations", pool.y.padded_size());
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer};
  if (bias.buffer != kNoBuffer) step.reads.push_back(bias.buffer);
  step.writes = {pool.y.buffer, pool.argmax};
  step.bytes = static_cast<double>(x.bytes() + pool.y.bytes() + pool.y.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const PoolPlanes s = planes_of(x, pool.y);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    const float* b =
        bias.buffer == kNoBuffer ? nullptr : memory.at<const float>(bias.buffer) + bias.offset;
    auto* to = memory.at<float>(pool.y.buffer);
    auto* argmax = memory.at<std::uint8_t>(pool.argmax);
    const dim3 block = row_block(s.pooled_w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.pooled_h, block.y);
    return with_windows(desc, [=](auto windows) -> Run {
      return [=] {
        launch(stream, blocks, block, pool_forward_kernel<decltype(windows)>, to, argmax, from, b,
               s, windows);
      };
    });
  };
  schedule.add(std::move(step));
  return pool;
}

void add_pool_backward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                       const Tensor& dx, const MaxPool& forward, const Tensor& dy) {
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer, forward.argmax};
  step.writes = {dx.buffer};
  step.bytes = static_cast<double>(dx.bytes() + dy.bytes() + dy.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const PoolPlanes s = planes_of(dx, forward.y);
  const BufferId positions = forward.argmax;
  step.bind = [=](const Memory& memory) -> Run {
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* argmax = memory.at<const std::uint8_t>(positions);
    auto* to = memory.at<float>(dx.buffer);
    const dim3 block = row_block(s.w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.h, block.y);
    return with_windows(desc, [=](auto windows) -> Run {
      return [=] {
        launch(stream, blocks, block, pool_backward_kernel<decltype(windows)>, to, gradient, argmax,
               s, windows);
      };
    });
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
