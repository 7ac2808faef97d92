#include <algorithm>
#include <optional>
#include <set>

#include "common/error.hpp"
#include "device/ops/add.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/avg_pool.hpp"
#include "device/ops/concat.hpp"
#include "device/ops/micro_batch.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"
#include "nets/lower_op.hpp"
#include "nets/op_desc.hpp"
#include "nets/recomputed.hpp"

namespace mapnet {

namespace {

using Kind = Layer::Kind;
using Op = ForwardTrace::Op;

/// The gradient of a value so far. Several values may share one that nobody has changed: it is
/// `owned` where a step may write to it.
struct Gradient {
  Tensor tensor;
  bool owned = true;
};

class Backward {
 public:
  Backward(Schedule& schedule, const ForwardTrace& trace, BufferId dtheta,
           const BackwardOptions& options)
      : schedule_(schedule),
        trace_(trace),
        dtheta_(dtheta),
        accumulation_(options.accumulation),
        again_(schedule, *trace.net, trace.buffers, Pass::train_apart),
        dropped_(dropped_ops(trace.ops, options.recompute)),
        gradients_(trace.ops.size()) {
    if (options.first.empty()) return;
    const auto found = std::find_if(trace.ops.begin(), trace.ops.end(), [&](const Op& op) {
      return op.layer.name == options.first || op.layer.part_of == options.first;
    });
    if (found == trace.ops.end()) fail("no layer {} to go back to", options.first);
    first_ = static_cast<int>(found - trace.ops.begin());
  }

  void run(const Tensor& dlogits) {
    const int n = static_cast<int>(trace_.ops.size());
    give(n - 1, {dlogits, true});
    for (int i = n - 1; i >= first_; --i) {
      // A value nobody's gradient reaches is a description's mistake, but harmless.
      if (!gradients_[static_cast<std::size_t>(i)]) continue;
      bring_back(i);
      const Op& op = trace_.ops[static_cast<std::size_t>(i)];
      Gradient dy = *gradients_[static_cast<std::size_t>(i)];
      if (op.relu && op.layer.kind != Kind::batch_norm) dy = masked(op, dy);
      add(op, dy);
    }
  }

 private:
  bool needed(int input) const { return input >= first_; }

  /// Whether an op's backward steps read what it read in the forward pass.
  static bool reads_input(const Op& op) { return op.layer.weighted() || normalises(op); }
  /// Whether they read the value it made. (Which maxima were taken and what was measured is small,
  /// and kept.)
  static bool reads_output(const Op& op) {
    return (op.relu && !normalises(op)) || op.layer.kind == Kind::lstm;
  }
  static bool normalises(const Op& op) { return op.layer.kind == Kind::batch_norm; }

  /// Makes what op i's backward steps read and the forward pass did not keep.
  void bring_back(int i) {
    Op& op = trace_.ops[static_cast<std::size_t>(i)];
    if (reads_output(op)) make_again(i);
    if (!reads_input(op)) return;
    bool other = false;
    for (const int input : op.inputs) other = make_again(input) || other;
    if (!other) return;
    op.x = trace_.inputs_of(op);
    if (op.layer.kind == Kind::linear)
      op.x[0] = relayout(schedule_, op.layer.name + ".again.flatten", op.x[0], 1);
  }

  /// Makes op i's value and what belongs to it again, unless it was kept; true if it was not.
  bool make_again(int i) {
    if (i < 0 || !dropped_[static_cast<std::size_t>(i)]) return false;
    if (made_.insert(i).second) {
      Op& op = trace_.ops[static_cast<std::size_t>(i)];
      for (const int input : op.inputs) make_again(input);
      const std::string name = op.layer.name;
      op.layer.name += ".again";
      op.x = trace_.inputs_of(op);
      again_.add(op);
      op.layer.name = name;
    }
    return true;
  }

  /// Adds a gradient to those of op `index`'s value.
  void give(int index, Gradient g) {
    const Op& op = trace_.ops[static_cast<std::size_t>(index)];
    const Tensor laid =
        relayout(schedule_, op.layer.name + ".unflatten", g.tensor, op.y.channel_block);
    if (laid.buffer != g.tensor.buffer) g.owned = true;
    g.tensor = laid;
    std::optional<Gradient>& sum = gradients_[static_cast<std::size_t>(index)];
    if (!sum) {
      sum = g;
      return;
    }
    const std::string name = op.layer.name + ".dy.sum";
    if (!sum->owned && !g.owned) {
      sum = Gradient{add_forward(schedule_, name, sum->tensor, g.tensor, false), true};
      return;
    }
    if (!sum->owned) std::swap(*sum, g);
    add_scaled(schedule_, name, sum->tensor.buffer, g.tensor.buffer, 1.0f,
               sum->tensor.padded_size());
  }

  /// dy behind the op's ReLU, in a buffer of its own where others read it too.
  Gradient masked(const Op& op, Gradient dy) {
    if (!dy.owned)
      dy = {concat_backward(schedule_, op.layer.name + ".dy.copy", dy.tensor, {op.y}, {true})[0],
            true};
    relu_backward(schedule_, op.layer.name + ".relu", op.y, dy.tensor);
    return dy;
  }

  /// Where the gradients of an op's parameters go: into dtheta, or where that holds the sum over
  /// parts of a batch, first beside it.
  ParamSlice dparams(const Op& op) const {
    if (!accumulation_ || op.params.empty()) return {dtheta_, op.params_begin};
    const std::size_t n = op.params_end - op.params_begin;
    return {schedule_.buffer(op.layer.name + ".dtheta", "theta", n * sizeof(float)), 0};
  }

  void accumulate_params(const Op& op, const ParamSlice& dparams) const {
    if (!accumulation_ || op.params.empty()) return;
    accumulate(schedule_, op.layer.name + ".accumulate", dtheta_, op.params_begin, dparams.buffer,
               op.params_end - op.params_begin, accumulation_->scored, accumulation_->control);
  }

  void add(const Op& op, const Gradient& dy) {
    if (op.layer.kind == Kind::add) return pass_on(op, dy);
    if (op.layer.kind == Kind::concat) return cut(op, dy.tensor);
    const ParamSlice d = dparams(op);
    const Tensor dx = input_gradient(op, dy.tensor, d, needed(op.inputs[0]));
    accumulate_params(op, d);
    if (needed(op.inputs[0])) give(op.inputs[0], {dx, true});
  }

  /// The gradient of a sum is that of both parts.
  void pass_on(const Op& op, const Gradient& dy) {
    const bool both = needed(op.inputs[0]) && needed(op.inputs[1]);
    for (const int input : op.inputs)
      if (needed(input)) give(input, {dy.tensor, dy.owned && !both});
  }

  void cut(const Op& op, const Tensor& dy) {
    std::vector<bool> wanted;
    for (const int input : op.inputs) wanted.push_back(needed(input));
    const std::vector<Tensor> parts = concat_backward(schedule_, op.layer.name, dy, op.x, wanted);
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (wanted[i]) give(op.inputs[i], {parts[i], true});
  }

  Tensor input_gradient(const Op& op, const Tensor& dy, const ParamSlice& dparams, bool need_dx) {
    const std::string& name = op.layer.name;
    const Tensor& x = op.x[0];
    std::vector<ParamSlice> d;
    for (const ParamSlice& slice : op.params)
      d.push_back(slice.absent() ? slice
                                 : ParamSlice{dparams.buffer,
                                              dparams.offset + slice.offset - op.params_begin});
    switch (op.layer.kind) {
      case Kind::conv:
        if (op.pool > 0)
          return conv_pool2d_backward(schedule_, name, conv_pool_desc(op), x, {op.y, op.argmax}, dy,
                                      op.params[0], d[0], d[1], need_dx);
        return conv2d_backward(schedule_, name, conv_desc(op), x, dy, op.params[0], d[0], d[1],
                               need_dx);
      case Kind::conv_transpose:
        return conv_transpose2d_backward(schedule_, name, conv_transpose_desc(op), x, dy,
                                         op.params[0], d[0], d[1], need_dx);
      case Kind::batch_norm:
        return batch_norm_backward(schedule_, name, batch_norm_desc(op, Pass::train), x,
                                   {op.y, op.statistics}, dy, batch_norm_params(op), d[0], d[1],
                                   trace_.buffers.control);
      case Kind::max_pool:
        return max_pool_backward(schedule_, name, max_pool_desc(op), x, {op.y, op.argmax}, dy);
      case Kind::global_avg_pool:
        return global_avg_pool_backward(schedule_, name, x, dy);
      case Kind::linear:
        return linear_backward(schedule_, name, linear_desc(op), x, dy, op.params[0], d[0], d[1],
                               need_dx);
      case Kind::lstm:
        return lstm_backward(schedule_, name, lstm_desc(op), x, {op.y, op.saved}, dy,
                             lstm_params(op.params), lstm_params(d), need_dx);
      case Kind::relu:
      case Kind::add:
      case Kind::concat:
        break;
    }
    fail("{}: no gradient of such a layer", name);
  }

  Schedule& schedule_;
  ForwardTrace trace_;  // its own: values made again take the places of those that were not kept
  BufferId dtheta_;
  std::optional<Accumulation> accumulation_;
  OpLowering again_;
  std::vector<bool> dropped_;  // ops whose values the forward pass does not keep
  std::set<int> made_;         // of them
  int first_ = 0;
  std::vector<std::optional<Gradient>> gradients_;  // of each op's value
};

}  // namespace

void lower_backward(Schedule& schedule, const ForwardTrace& trace, const Tensor& dlogits,
                    BufferId dtheta, const BackwardOptions& options) {
  Backward(schedule, trace, dtheta, options).run(dlogits);
}

}  // namespace mapnet
