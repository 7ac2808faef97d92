#include "device/ops/linear.hpp"

#include <cblas.h>

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

// BLAS rather than oneDNN's inner product: that one allocates 16 to 74 KB in each call wherever it
// has no brgemm (any CPU without AVX-512), where a planned run must not allocate; and with plain
// layouts theta and dtheta are used where they lie, without three reorders (docs/performance.md).

namespace {

std::size_t offset(int row, int length) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(length);
}

MAPNET_CPU_LEVELS void add_bias(float* y, const float* bias, int rows, int outputs, bool relu) {
  for (int r = 0; r < rows; ++r, y += outputs)
    for (int o = 0; o < outputs; ++o) {
      const float sum = y[o] + bias[o];
      y[o] = relu && !(sum > 0) ? 0.0f : sum;
    }
}

MAPNET_CPU_LEVELS void cut_below_zero(float* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = !(y[i] > 0) ? 0.0f : y[i];
}

/// What follows the product, on some of its rows; bias may be null.
void finish_rows(float* y, const float* bias, int rows, int outputs, bool relu) {
  if (bias)
    add_bias(y, bias, rows, outputs, relu);
  else if (relu)
    cut_below_zero(y, offset(rows, outputs));
}

MAPNET_CPU_LEVELS void sum_rows(float* dbias, const float* dy, int rows, int length, int columns) {
  std::fill_n(dbias, columns, 0.0f);
  for (int r = 0; r < rows; ++r, dy += length)
    for (int o = 0; o < columns; ++o) dbias[o] += dy[o];
}

}  // namespace

Tensor linear_forward(Schedule& schedule, const std::string& name, const LinearDesc& d,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  const LinearShape s = linear_shape(name, d, x);
  Tensor y;
  y.n = x.n;
  y.c = d.out_features;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer, weight.buffer};
  if (!bias.absent()) step.reads.push_back(bias.buffer);
  step.writes = {y.buffer};
  step.flops = s.flops;
  step.bytes = s.bytes;
  step.bind = [=, n_threads = schedule.n_threads(), relu = d.relu](const Memory& memory) -> Run {
    openblas_set_num_threads(1);  // our threads share the rows, one BLAS call each
    const auto* xp = memory.at<const float>(x.buffer) + x.offset;
    const auto* w = memory.at<const float>(weight.buffer) + weight.offset;
    const float* b = bias.absent() ? nullptr : memory.at<const float>(bias.buffer) + bias.offset;
    auto* yp = memory.at<float>(y.buffer);
    return [=] {
      parallel_for(n_threads, n_threads, [=](int thread) {
        const Part rows = part_of(s.n, thread, n_threads);
        if (rows.size == 0) return;
        float* out = yp + offset(rows.begin, s.outputs);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows.size, s.outputs, s.inputs, 1.0f,
                    xp + offset(rows.begin, s.inputs), s.inputs, w, s.inputs, 0.0f, out, s.outputs);
        finish_rows(out, b, rows.size, s.outputs, relu);
      });
    };
  };
  schedule.add(std::move(step));
  return y;
}

namespace {

void add_backward_weights(Schedule& schedule, const std::string& name, const LinearShape& s,
                          const Tensor& x, const Tensor& dy, const ParamSlice& dweight,
                          const ParamSlice& dbias) {
  Step step;
  step.name = name + ".backward_weights";
  step.reads = {x.buffer, dy.buffer};
  step.writes = {dweight.buffer};
  if (!dbias.absent()) step.writes.push_back(dbias.buffer);
  step.flops = s.flops;
  step.bytes = s.bytes;
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    openblas_set_num_threads(1);
    const auto* xp = memory.at<const float>(x.buffer) + x.offset;
    const auto* dyp = memory.at<const float>(dy.buffer) + dy.offset;
    auto* dw = memory.at<float>(dweight.buffer) + dweight.offset;
    float* db = dbias.absent() ? nullptr : memory.at<float>(dbias.buffer) + dbias.offset;
    return [=] {
      parallel_for(n_threads, n_threads, [=](int thread) {
        const Part out = part_of(s.outputs, thread, n_threads);
        if (out.size == 0) return;
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out.size, s.inputs, s.n, 1.0f,
                    dyp + out.begin, s.outputs, xp, s.inputs, 0.0f,
                    dw + offset(out.begin, s.inputs), s.inputs);
        if (db) sum_rows(db + out.begin, dyp + out.begin, s.n, s.outputs, out.size);
      });
    };
  };
  schedule.add(std::move(step));
}

void add_backward_data(Schedule& schedule, const std::string& name, const LinearShape& s,
                       const Tensor& dx, const Tensor& dy, const ParamSlice& weight) {
  Step step;
  step.name = name + ".backward_data";
  step.reads = {dy.buffer, weight.buffer};
  step.writes = {dx.buffer};
  step.flops = s.flops;
  step.bytes = s.bytes;
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    openblas_set_num_threads(1);
    const auto* dyp = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* w = memory.at<const float>(weight.buffer) + weight.offset;
    auto* dxp = memory.at<float>(dx.buffer);
    return [=] {
      parallel_for(n_threads, n_threads, [=](int thread) {
        const Part rows = part_of(s.n, thread, n_threads);
        if (rows.size == 0) return;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows.size, s.inputs, s.outputs, 1.0f,
                    dyp + offset(rows.begin, s.outputs), s.outputs, w, s.inputs, 0.0f,
                    dxp + offset(rows.begin, s.inputs), s.inputs);
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace

Tensor linear_backward(Schedule& schedule, const std::string& name, const LinearDesc& d,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  const LinearShape s = linear_shape(name, d, x);
  add_backward_weights(schedule, name, s, x, dy, dweight, dbias);
  Tensor dx = x;
  dx.buffer = kNoBuffer;
  dx.offset = 0;
  if (!need_dx) return dx;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  add_backward_data(schedule, name, s, dx, dy, weight);
  return dx;
}

}  // namespace mapnet::cpu
