#include <algorithm>

#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/sum_groups.cuh"
#include "device/ops/gemv.hpp"

namespace mapnet::cuda {

namespace {

constexpr int kThreads = 256;

/// y = W x + b: a team of `lanes` lanes, a power of two, takes a row.
__global__ void __launch_bounds__(kThreads)
    gemv_kernel(float* y, const float* W, const float* x, const float* bias, GemvDesc d,
                unsigned lanes) {
  const std::size_t thread = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  const std::size_t row = thread / lanes;
  const unsigned lane = threadIdx.x & (lanes - 1);
  float sum = 0;
  if (row < d.outputs)
    for (std::size_t k = lane; k < d.inputs; k += lanes) sum += W[row * d.inputs + k] * x[k];
  for (unsigned apart = lanes / 2; apart > 0; apart /= 2)
    sum += __shfl_xor_sync(0xffffffffu, sum, static_cast<int>(apart));
  if (row >= d.outputs || lane != 0) return;
  if (bias) sum += bias[row];
  y[row] = d.relu && !(sum > 0) ? 0.0f : sum;
}

/// How the backward pass is cut: the same on every GPU. A block has a slice of columns of one group
/// of rows, and as many rows at once as its threads can have.
struct GemvCut {
  int columns = 0;  ///< a slice
  unsigned slices = 0;
  std::size_t groups = 0;

  static GemvCut of(const GemvDesc& d) {
    GemvCut c;
    c.slices = blocks_for(d.inputs, kThreads);
    c.columns = static_cast<int>((d.inputs + c.slices - 1) / c.slices);
    const std::size_t blocks = 1024;  // fill the largest GPU
    c.groups = std::clamp<std::size_t>(d.outputs / 64, 1,
                                       std::max<std::size_t>(1, blocks / std::size_t{c.slices}));
    return c;
  }
};

struct GemvGradients {
  float *dW, *db;  ///< db may be null
  float* parts;    ///< [groups, inputs] of W^T dy; or null
  const float *dy, *x, *W;
};

__global__ void __launch_bounds__(kThreads)
    gemv_backward_kernel(GemvGradients g, GemvDesc d, GemvCut cut) {
  __shared__ float lanes[kThreads];
  const int t = static_cast<int>(threadIdx.x);
  const int lane = t / cut.columns, row_lanes = kThreads / cut.columns;
  const std::size_t column = blockIdx.x * static_cast<std::size_t>(cut.columns) +
                             static_cast<std::size_t>(t % cut.columns);
  const bool active = lane < row_lanes && column < d.inputs;
  const std::size_t group = blockIdx.y;
  const std::size_t begin = d.outputs * group / cut.groups;
  const std::size_t end = d.outputs * (group + 1) / cut.groups;
  const float x = active ? g.x[column] : 0.0f;
  float sum = 0;
  if (active)
    for (std::size_t r = begin + static_cast<std::size_t>(lane); r < end;
         r += static_cast<std::size_t>(row_lanes)) {
      const float dy = g.dy[r];
      g.dW[r * d.inputs + column] = dy * x;
      if (g.db && column == 0) g.db[r] = dy;
      if (g.parts) sum += g.W[r * d.inputs + column] * dy;
    }
  if (!g.parts) return;  // all threads or none
  lanes[t] = sum;
  __syncthreads();
  if (!active || lane != 0) return;
  for (int other = 1; other < row_lanes; ++other) sum += lanes[t + other * cut.columns];
  g.parts[group * d.inputs + column] = sum;
}

float* at(const Memory& memory, const ParamSlice& slice) {
  return slice.buffer == kNoBuffer ? nullptr : memory.at<float>(slice.buffer) + slice.offset;
}

}  // namespace

void gemv_forward(Schedule& schedule, const std::string& name, const GemvDesc& d,
                  const ParamSlice& y, const ParamSlice& x, const ParamSlice& weight,
                  const ParamSlice& bias) {
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer, weight.buffer};
  if (bias.buffer != kNoBuffer) step.reads.push_back(bias.buffer);
  step.writes = {y.buffer};
  const double cells = static_cast<double>(d.outputs * d.inputs);
  step.flops = 2 * cells;
  step.bytes = sizeof(float) * (cells + static_cast<double>(d.outputs));
  unsigned lanes = 1;
  while (lanes < 32 && 2 * lanes <= d.inputs) lanes *= 2;
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    float* out = at(memory, y);
    const float *W = at(memory, weight), *in = at(memory, x), *b = at(memory, bias);
    return [=] {
      launch(stream, blocks_for(d.outputs, kThreads / lanes), kThreads, gemv_kernel, out, W, in, b,
             d, lanes);
    };
  };
  schedule.add(std::move(step));
}

void gemv_backward(Schedule& schedule, const std::string& name, const GemvDesc& d,
                   const ParamSlice& dx, const ParamSlice& dweight, const ParamSlice& dbias,
                   const ParamSlice& dy, const ParamSlice& x, const ParamSlice& weight) {
  const bool need_dx = dx.buffer != kNoBuffer;
  const GemvCut cut = GemvCut::of(d);
  const BufferId parts = schedule.buffer(name + ".dx_parts", "workspace",
                                         need_dx ? cut.groups * d.inputs * sizeof(float) : 0);
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer, x.buffer};
  step.writes = {dweight.buffer, parts};
  if (dbias.buffer != kNoBuffer) step.writes.push_back(dbias.buffer);
  if (need_dx) step.reads.push_back(weight.buffer), step.writes.push_back(dx.buffer);
  const double cells = static_cast<double>(d.outputs * d.inputs);
  step.flops = need_dx ? 3 * cells : cells;
  step.bytes = sizeof(float) * (need_dx ? 2 * cells : cells);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    GemvGradients g{};
    g.dW = at(memory, dweight);
    g.db = at(memory, dbias);
    g.dy = at(memory, dy);
    g.x = at(memory, x);
    g.W = at(memory, weight);
    if (need_dx) g.parts = memory.at<float>(parts);
    float* dxp = at(memory, dx);
    return [=] {
      launch(stream, dim3(cut.slices, static_cast<unsigned>(cut.groups)), kThreads,
             gemv_backward_kernel, g, d, cut);
      if (need_dx) sum_groups(stream, g.parts, dxp, cut.groups, d.inputs);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
