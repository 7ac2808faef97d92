#include "device/ops/lstm.hpp"

#include "device/cuda/alignment_of.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/lstm_window.hpp"
#include "device/ops/linear.hpp"

namespace mapnet::cuda {

namespace {

/// Places in the saved buffer, in floats: gates [N, T, 4H], c [N, T, H], h_before [N, T, H].
struct Saved {
  std::size_t c, h_before, size;

  explicit Saved(const LstmShape& s) {
    const std::size_t units = static_cast<std::size_t>(s.n) * static_cast<std::size_t>(s.t) *
                              static_cast<std::size_t>(s.h);
    c = 4 * units;
    h_before = 5 * units;
    size = 6 * units;
  }
};

/// All steps of all samples as the rows of one matrix.
Tensor matrix(const LstmShape& s, int columns, BufferId buffer, std::size_t offset) {
  Tensor rows;
  rows.n = s.n * s.t;
  rows.c = columns;
  rows.buffer = buffer;
  rows.offset = offset;
  return rows;
}

/// A wide layer's product of every step, and the buffers that pass from step to step.
struct StepProduct {
  std::shared_ptr<const Product> product;  ///< null: the layer is narrow enough for one kernel
  BufferId workspace = kNoBuffer;
  BufferId wide = kNoBuffer, narrow = kNoBuffer, state = kNoBuffer;  ///< [N, 4H], [N, H], [N, H]

  StepProduct(Schedule& schedule, const std::string& name, const LstmShape& s,
              const ParamSlice& weight_hh, bool backward) {
    if (s.h <= kMaxWindowUnits) return;
    Gpu& gpu = gpu_of(schedule);
    ProductDesc desc{.m = s.n, .n = 4 * s.h, .k = s.h, .transpose_b = true};
    if (backward) desc = {.m = s.n, .n = s.h, .k = 4 * s.h};
    desc.align_b = alignment_of(weight_hh);
    product = plan_product(gpu.blas(), desc, gpu.fast_math());
    workspace = schedule.buffer(name + ".workspace", "workspace", product->workspace_bytes());
    const std::size_t units =
        static_cast<std::size_t>(s.n) * static_cast<std::size_t>(s.h) * sizeof(float);
    wide = schedule.buffer(name + ".step_gates", "workspace", 4 * units);
    narrow = schedule.buffer(name + ".step_h", "workspace", units);
    state = schedule.buffer(name + ".step_c", "workspace", units);
  }

  void add_writes(Step& step) const {
    if (product) step.writes.insert(step.writes.end(), {workspace, wide, narrow, state});
  }
};

}  // namespace

Lstm lstm_forward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                  const Tensor& x, const LstmParams& params, bool keep) {
  const LstmShape s = lstm_shape(name, desc, x);
  const Saved at(s);
  Lstm layer{lstm_output(desc, s), kNoBuffer};
  const Tensor sums =
      linear_forward(schedule, name + ".inputs", {4 * s.h}, matrix(s, s.i, x.buffer, x.offset),
                     params.weight_ih, params.bias_ih);
  layer.y.buffer = schedule.buffer(name + ".y", "activations", layer.y.bytes());
  if (keep) layer.saved = schedule.buffer(name + ".saved", "activations", at.size * sizeof(float));
  const std::string step_name = name + ".forward";
  const StepProduct steps(schedule, step_name, s, params.weight_hh, false);
  Step step;
  step.name = step_name;
  step.reads = {sums.buffer, params.weight_hh.buffer, params.bias_hh.buffer};
  step.writes = {layer.y.buffer};
  if (keep) step.writes.push_back(layer.saved);
  steps.add_writes(step);
  step.flops = 2.0 * s.n * s.t * 4.0 * s.h * s.h;
  step.bytes =
      static_cast<double>(sums.bytes() + layer.y.bytes() + (keep ? at.size * sizeof(float) : 0));
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, saved = layer.saved, y = layer.y.buffer,
               last_only = desc.last_only](const Memory& memory) -> Run {
    const auto slice = [&](const ParamSlice& p) {
      return memory.at<const float>(p.buffer) + p.offset;
    };
    const float* weight = slice(params.weight_hh);
    LstmForward p{
        s.n, s.t, s.h, last_only, memory.at<const float>(sums.buffer), slice(params.bias_hh)};
    p.y = memory.at<float>(y);
    if (keep) {
      p.gates = memory.at<float>(saved);
      p.c = p.gates + at.c;
      p.h_before = p.gates + at.h_before;
    }
    if (!steps.product) return [=] { lstm_window_forward(stream, p, weight); };
    auto* recurrent = memory.at<float>(steps.wide);
    auto* h = memory.at<float>(steps.narrow);
    auto* c = memory.at<float>(steps.state);
    auto* scratch = memory.at<std::byte>(steps.workspace);
    return [=, product = steps.product] {
      for (int t = 0; t < p.t; ++t) {
        if (t > 0) product->run(h, weight, nullptr, recurrent, scratch);
        lstm_step_forward(stream, p, t, recurrent, h, c);
      }
    };
  };
  schedule.add(std::move(step));
  return layer;
}

namespace {

/// The gates in `saved` become the gradients of their sums.
void add_walk_back(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                   const LstmShape& s, BufferId saved, const Tensor& dy,
                   const ParamSlice& weight_hh) {
  const StepProduct steps(schedule, name, s, weight_hh, true);
  Step step;
  step.name = name;
  step.reads = {saved, dy.buffer, weight_hh.buffer};
  step.writes = {saved};
  steps.add_writes(step);
  step.flops = 2.0 * s.n * s.t * 4.0 * s.h * s.h;
  step.bytes = 10.0 * s.n * s.t * s.h * sizeof(float) + static_cast<double>(dy.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, last_only = desc.last_only](const Memory& memory) -> Run {
    const float* weight = memory.at<const float>(weight_hh.buffer) + weight_hh.offset;
    auto* gates = memory.at<float>(saved);
    const LstmBackward p{s.n,
                         s.t,
                         s.h,
                         last_only,
                         gates,
                         gates + Saved(s).c,
                         memory.at<const float>(dy.buffer) + dy.offset};
    if (!steps.product) return [=] { lstm_window_backward(stream, p, weight); };
    auto* dsums = memory.at<float>(steps.wide);
    auto* dh = memory.at<float>(steps.narrow);
    auto* dc = memory.at<float>(steps.state);
    auto* scratch = memory.at<std::byte>(steps.workspace);
    return [=, product = steps.product] {
      for (int t = p.t - 1; t >= 0; --t) {
        lstm_step_backward(stream, p, t, dh, dc, dsums);
        if (t > 0) product->run(dsums, weight, nullptr, dh, scratch);
      }
    };
  };
  schedule.add(std::move(step));
}

}  // namespace

Tensor lstm_backward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                     const Tensor& x, const Lstm& forward, const Tensor& dy,
                     const LstmParams& params, const LstmParams& gradients, bool need_dx) {
  const LstmShape s = lstm_shape(name, desc, x);
  add_walk_back(schedule, name + ".backward", desc, s, forward.saved, dy, params.weight_hh);
  const Tensor dsums = matrix(s, 4 * s.h, forward.saved, 0);
  const LinearDesc all_gates{4 * s.h};
  linear_backward(schedule, name + ".states", all_gates,
                  matrix(s, s.h, forward.saved, Saved(s).h_before), dsums, params.weight_hh,
                  gradients.weight_hh, gradients.bias_hh, false);
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer =
      linear_backward(schedule, name + ".inputs", all_gates, matrix(s, s.i, x.buffer, x.offset),
                      dsums, params.weight_ih, gradients.weight_ih, gradients.bias_ih, need_dx)
          .buffer;
  return dx;
}

}  // namespace mapnet::cuda
