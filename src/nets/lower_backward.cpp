#include <algorithm>
#include <optional>

#include "common/error.hpp"
#include "device/ops/add.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/avg_pool.hpp"
#include "device/ops/concat.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"
#include "nets/op_desc.hpp"

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
  Backward(Schedule& schedule, const ForwardTrace& trace, BufferId dtheta, std::string_view first)
      : schedule_(schedule), trace_(trace), dtheta_(dtheta), gradients_(trace.ops.size()) {
    if (first.empty()) return;
    const auto found = std::find_if(trace.ops.begin(), trace.ops.end(), [&](const Op& op) {
      return op.layer.name == first || op.layer.part_of == first;
    });
    if (found == trace.ops.end()) fail("no layer {} to go back to", first);
    first_ = static_cast<int>(found - trace.ops.begin());
  }

  void run(const Tensor& dlogits) {
    const int n = static_cast<int>(trace_.ops.size());
    give(n - 1, {dlogits, true});
    for (int i = n - 1; i >= first_; --i) {
      const Op& op = trace_.ops[static_cast<std::size_t>(i)];
      // A value nobody's gradient reaches is a description's mistake, but harmless.
      if (!gradients_[static_cast<std::size_t>(i)]) continue;
      Gradient dy = *gradients_[static_cast<std::size_t>(i)];
      if (op.relu && op.layer.kind != Kind::batch_norm) dy = masked(op, dy);
      add(op, dy);
    }
  }

 private:
  bool needed(int input) const { return input >= first_; }

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

  ParamSlice in_dtheta(const ParamSlice& slice) const {
    return slice.absent() ? slice : ParamSlice{dtheta_, slice.offset};
  }

  void add(const Op& op, const Gradient& dy) {
    if (op.layer.kind == Kind::add) return pass_on(op, dy);
    if (op.layer.kind == Kind::concat) return cut(op, dy.tensor);
    const Tensor dx = input_gradient(op, dy.tensor, needed(op.inputs[0]));
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

  Tensor input_gradient(const Op& op, const Tensor& dy, bool need_dx) {
    const std::string& name = op.layer.name;
    const Tensor& x = op.x[0];
    std::vector<ParamSlice> d;
    for (const ParamSlice& slice : op.params) d.push_back(in_dtheta(slice));
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
                                   trace_.control);
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
  const ForwardTrace& trace_;
  BufferId dtheta_;
  int first_ = 0;
  std::vector<std::optional<Gradient>> gradients_;  // of each op's value
};

}  // namespace

void lower_backward(Schedule& schedule, const ForwardTrace& trace, const Tensor& dlogits,
                    BufferId dtheta, std::string_view first) {
  Backward(schedule, trace, dtheta, first).run(dlogits);
}

}  // namespace mapnet
