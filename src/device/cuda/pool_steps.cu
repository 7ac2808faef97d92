#include <algorithm>
#include <cstdint>

#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/pool_steps.hpp"
#include "device/cuda/rows.hpp"

namespace mapnet::cuda {

namespace {

/// k x k windows, `stride` apart, on planes of x [planes, h, w] padded by `padding`;
/// y [planes, pooled_h, pooled_w].
struct PoolPlanes {
  unsigned planes, h, w, k, stride, padding, pooled_h, pooled_w, channels;
};

/// y = max of a window + bias [channels], which may be null; argmax: where, the first in row-major
/// order. Rows are those of y. K, S: the window and the stride, or 0 for s.k and s.stride. Without
/// padding every window is whole, so that one of a constant size needs no checks.
template <unsigned K, unsigned S, bool kPadded>
__global__ void pool_forward_kernel(float* y, std::uint8_t* argmax, const float* x,
                                    const float* bias, PoolPlanes s) {
  const unsigned k = K > 0 ? K : s.k, stride = S > 0 ? S : s.stride;
  const unsigned padding = kPadded ? s.padding : 0;
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.pooled_h, at = row % s.pooled_h;
  if (plane >= s.planes) return;
  const float* pixels = x + static_cast<std::size_t>(plane) * s.h * s.w;
  const float b = bias ? bias[plane % s.channels] : 0.0f;
  // In the padded image; `skip` is what a window has of its padding above or to the left.
  const auto skip = [=](unsigned first) { return std::max(padding, first) - first; };
  const unsigned top = at * stride, first_i = skip(top);
  for (unsigned column = threadIdx.x; column < s.pooled_w; column += blockDim.x) {
    const unsigned left = column * stride, first_j = skip(left);
    float most = pixels[(top + first_i - padding) * s.w + left + first_j - padding];
    unsigned where = first_i * k + first_j;
    for (unsigned i = 0; i < k; ++i)
      for (unsigned j = 0; j < k; ++j) {
        // Above or left of the image the difference wraps to a huge number.
        const unsigned r = top + i - padding, q = left + j - padding;
        if (kPadded && (r >= s.h || q >= s.w)) continue;
        if (pixels[r * s.w + q] > most) {
          most = pixels[r * s.w + q];
          where = i * k + j;
        }
      }
    const std::size_t out = static_cast<std::size_t>(row) * s.pooled_w + column;
    y[out] = most + b;
    argmax[out] = static_cast<std::uint8_t>(where);
  }
}

/// Windows [begin, end) along an axis.
struct Windows {
  unsigned begin, end;
};

/// Those that have pixel `at` in them.
__device__ Windows around(unsigned at, unsigned k, unsigned stride, unsigned padding,
                          unsigned windows) {
  const unsigned place = at + padding;  // in the padded image
  return {place < k ? 0 : (place - k) / stride + 1, std::min(windows, place / stride + 1)};
}

/// dx, all of it: the sum of dy over the windows whose maximum a pixel was, in row-major order.
/// Rows are those of dx.
template <unsigned K, unsigned S>
__global__ void pool_backward_kernel(float* dx, const float* dy, const std::uint8_t* argmax,
                                     PoolPlanes s) {
  const unsigned k = K > 0 ? K : s.k, stride = S > 0 ? S : s.stride;
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.h, y = row % s.h;
  if (plane >= s.planes) return;
  const Windows rows = around(y, k, stride, s.padding, s.pooled_h);
  const std::size_t windows = static_cast<std::size_t>(plane) * s.pooled_h * s.pooled_w;
  for (unsigned x = threadIdx.x; x < s.w; x += blockDim.x) {
    const Windows columns = around(x, k, stride, s.padding, s.pooled_w);
    float sum = 0;
    for (unsigned i = rows.begin; i < rows.end; ++i)
      for (unsigned j = columns.begin; j < columns.end; ++j) {
        const std::size_t window = windows + i * s.pooled_w + j;
        const unsigned here = (y + s.padding - i * stride) * k + x + s.padding - j * stride;
        if (argmax[window] == here) sum += dy[window];
      }
    dx[static_cast<std::size_t>(row) * s.w + x] = sum;
  }
}

PoolPlanes planes_of(const Tensor& x, const Tensor& y, const MaxPoolDesc& desc) {
  const auto count = [](int n) { return static_cast<unsigned>(n); };
  return {count(x.n * x.c),    count(x.h), count(x.w), count(desc.kernel), count(desc.step()),
          count(desc.padding), count(y.h), count(y.w), count(x.c)};
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
  if (!bias.absent()) step.reads.push_back(bias.buffer);
  step.writes = {pool.y.buffer, pool.argmax};
  step.bytes = static_cast<double>(x.bytes() + pool.y.bytes() + pool.y.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const PoolPlanes s = planes_of(x, pool.y, desc);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    const float* b = bias.absent() ? nullptr : memory.at<const float>(bias.buffer) + bias.offset;
    auto* to = memory.at<float>(pool.y.buffer);
    auto* argmax = memory.at<std::uint8_t>(pool.argmax);
    // Compiled for the windows of CNNs and U-Nets, and of ResNets.
    const auto pooling = s.padding == 0 && s.k == 2 && s.stride == 2
                             ? pool_forward_kernel<2, 2, false>
                         : s.k == 3 && s.stride == 2 ? pool_forward_kernel<3, 2, true>
                                                     : pool_forward_kernel<0, 0, true>;
    const dim3 block = row_block(s.pooled_w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.pooled_h, block.y);
    return [=] { launch(stream, blocks, block, pooling, to, argmax, from, b, s); };
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
  const PoolPlanes s = planes_of(dx, forward.y, desc);
  const BufferId positions = forward.argmax;
  step.bind = [=](const Memory& memory) -> Run {
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* argmax = memory.at<const std::uint8_t>(positions);
    auto* to = memory.at<float>(dx.buffer);
    const auto unpooling = s.k == 2 && s.stride == 2   ? pool_backward_kernel<2, 2>
                           : s.k == 3 && s.stride == 2 ? pool_backward_kernel<3, 2>
                                                       : pool_backward_kernel<0, 0>;
    const dim3 block = row_block(s.w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.h, block.y);
    return [=] { launch(stream, blocks, block, unpooling, to, gradient, argmax, s); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
