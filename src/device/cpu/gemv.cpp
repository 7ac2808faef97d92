#include "device/ops/gemv.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/cpu/vec16.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

// Loops of our own rather than BLAS: sums run in a fixed order whatever the number of threads, and
// one pass over W serves both gradients.

namespace {

MAPNET_CPU_LEVELS void forward_rows(float* y, const float* W, const float* x, const float* bias,
                                    bool relu, std::size_t rows, std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r, W += inputs) {
    v16f sums{}, w, v;
    std::size_t k = 0;
    for (; k + 16 <= inputs; k += 16) {
      load(w, W + k), load(v, x + k);
      sums += w * v;
    }
    float sum = lane_sum(sums);
    for (; k < inputs; ++k) sum += W[k] * x[k];
    if (bias) sum += bias[r];
    y[r] = relu && !(sum > 0) ? 0.0f : sum;
  }
}

/// dx += W^T dy, four rows at a time: dx, in L1, is read and written once for each four.
MAPNET_CPU_LEVELS void add_transposed(float* dx, const float* W, const float* dy, std::size_t rows,
                                      std::size_t inputs) {
  std::size_t r = 0;
  for (; r + 4 <= rows; r += 4, W += 4 * inputs) {
    const float *w1 = W + inputs, *w2 = w1 + inputs, *w3 = w2 + inputs;
    for (std::size_t k = 0; k < inputs; ++k)
      dx[k] += (W[k] * dy[r] + w1[k] * dy[r + 1]) + (w2[k] * dy[r + 2] + w3[k] * dy[r + 3]);
  }
  for (; r < rows; ++r, W += inputs)
    for (std::size_t k = 0; k < inputs; ++k) dx[k] += W[k] * dy[r];
}

MAPNET_CPU_LEVELS void outer_product(float* dW, const float* dy, const float* x, std::size_t rows,
                                     std::size_t inputs) {
  for (std::size_t r = 0; r < rows; ++r, dW += inputs)
    for (std::size_t k = 0; k < inputs; ++k) dW[k] = dy[r] * x[k];
}

float* at(const Memory& memory, const ParamSlice& slice) {
  return slice.buffer == kNoBuffer ? nullptr : memory.at<float>(slice.buffer) + slice.offset;
}

constexpr std::size_t begin_of(std::size_t part, std::size_t parts, std::size_t n) {
  return n * part / parts;
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
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    float* out = at(memory, y);
    const float *W = at(memory, weight), *in = at(memory, x), *b = at(memory, bias);
    const auto parts = std::min(d.outputs, static_cast<std::size_t>(n_threads));
    return [=] {
      parallel_for(static_cast<int>(parts), n_threads, [=](int part) {
        const auto p = static_cast<std::size_t>(part);
        const std::size_t first = begin_of(p, parts, d.outputs);
        const std::size_t rows = begin_of(p + 1, parts, d.outputs) - first;
        forward_rows(out + first, W + first * d.inputs, in, b ? b + first : nullptr, d.relu, rows,
                     d.inputs);
      });
    };
  };
  schedule.add(std::move(step));
}

void gemv_backward(Schedule& schedule, const std::string& name, const GemvDesc& d,
                   const ParamSlice& dx, const ParamSlice& dweight, const ParamSlice& dbias,
                   const ParamSlice& dy, const ParamSlice& x, const ParamSlice& weight) {
  const bool need_dx = dx.buffer != kNoBuffer;
  const std::size_t groups = std::min(kMaxGroups, d.outputs);
  const BufferId parts = schedule.buffer(name + ".dx_parts", "workspace",
                                         need_dx ? groups * d.inputs * sizeof(float) : 0);
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer, x.buffer};
  step.writes = {dweight.buffer, parts};
  if (dbias.buffer != kNoBuffer) step.writes.push_back(dbias.buffer);
  if (need_dx) step.reads.push_back(weight.buffer), step.writes.push_back(dx.buffer);
  const double cells = static_cast<double>(d.outputs * d.inputs);
  step.flops = need_dx ? 3 * cells : cells;
  step.bytes = sizeof(float) * (need_dx ? 2 * cells : cells);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    float *dW = at(memory, dweight), *db = at(memory, dbias), *dxp = at(memory, dx);
    const float *g = at(memory, dy), *in = at(memory, x);
    const float* W = need_dx ? at(memory, weight) : nullptr;
    auto* sums = memory.at<float>(parts);
    return [=] {
      parallel_for(static_cast<int>(groups), n_threads, [=](int group) {
        const auto p = static_cast<std::size_t>(group);
        const std::size_t first = begin_of(p, groups, d.outputs);
        const std::size_t rows = begin_of(p + 1, groups, d.outputs) - first;
        outer_product(dW + first * d.inputs, g + first, in, rows, d.inputs);
        if (db) std::copy_n(g + first, rows, db + first);
        if (!need_dx) return;
        std::fill_n(sums + p * d.inputs, d.inputs, 0.0f);
        add_transposed(sums + p * d.inputs, W + first * d.inputs, g + first, rows, d.inputs);
      });
      if (!need_dx) return;
      std::copy_n(sums, d.inputs, dxp);
      for (std::size_t p = 1; p < groups; ++p)
        for (std::size_t k = 0; k < d.inputs; ++k) dxp[k] += sums[p * d.inputs + k];
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
