#include "nets/lower.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "device/ops/conv2d.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"

namespace mapnet {

namespace {

using Kind = Layer::Kind;

/// Each ReLU joined to the op whose output it works on: behind the pooling where one follows.
std::vector<ForwardTrace::Op> join_relus(const Network& net) {
  std::vector<ForwardTrace::Op> ops;
  bool pending = false;
  for (std::size_t i = 0; i < net.layers.size(); ++i) {
    const Layer& layer = net.layers[i];
    if (layer.kind == Kind::relu) {
      if (ops.empty()) fail("network {}: begins with a ReLU", net.name);
      const bool pool_next = i + 1 < net.layers.size() && net.layers[i + 1].kind == Kind::max_pool;
      if (pool_next)
        pending = true;
      else
        ops.back().relu = true;
      continue;
    }
    ForwardTrace::Op op;
    op.layer = layer;
    if (layer.kind == Kind::max_pool) op.relu = std::exchange(pending, false);
    ops.push_back(op);
  }
  return ops;
}

ParamSlice slice_of(const Network& net, const std::string& param, BufferId buffer) {
  const auto found = std::find_if(net.params.begin(), net.params.end(),
                                  [&](const ParamTensor& p) { return p.name == param; });
  if (found == net.params.end()) fail("network {}: no parameter {}", net.name, param);
  return {buffer, found->offset};
}

ParamSlice in(BufferId buffer, const ParamSlice& slice) { return {buffer, slice.offset}; }

Conv2dDesc conv_desc(const ForwardTrace::Op& op) {
  return {op.layer.out, op.layer.kernel, op.layer.padding, op.relu};
}

}  // namespace

ForwardTrace lower_forward(Schedule& schedule, const Network& net, const Tensor& input,
                           BufferId theta) {
  ForwardTrace trace;
  trace.ops = join_relus(net);
  Tensor x = input;
  int pools = 0;
  for (ForwardTrace::Op& op : trace.ops) {
    op.x = x;
    if (op.layer.kind == Kind::max_pool) {
      op.layer.name = "pool" + std::to_string(++pools);
      op.pool = max_pool_forward(schedule, op.layer.name, op.layer.kernel, x);
      op.y = op.pool.y;
      if (op.relu) relu_forward(schedule, op.layer.name + ".relu", op.y);
    } else {
      op.weight = slice_of(net, op.layer.name + ".weight", theta);
      op.bias = slice_of(net, op.layer.name + ".bias", theta);
      if (op.layer.kind == Kind::linear) op.x = relayout(schedule, op.layer.name + ".flatten", x, 1);
      op.y = op.layer.kind == Kind::conv
                 ? conv2d_forward(schedule, op.layer.name, conv_desc(op), op.x, op.weight, op.bias)
                 : linear_forward(schedule, op.layer.name, {op.layer.out, op.relu}, op.x, op.weight,
                                  op.bias);
    }
    x = op.y;
  }
  trace.logits = x;
  return trace;
}

void lower_backward(Schedule& schedule, const ForwardTrace& trace, const Tensor& dlogits,
                    BufferId dtheta) {
  Tensor dy = dlogits;
  for (auto op = trace.ops.rbegin(); op != trace.ops.rend(); ++op) {
    dy = relayout(schedule, op->layer.name + ".unflatten", dy, op->y.channel_block);
    if (op->relu) relu_backward(schedule, op->layer.name + ".relu", op->y, dy);
    const bool need_dx = std::next(op) != trace.ops.rend();
    const ParamSlice dweight = in(dtheta, op->weight), dbias = in(dtheta, op->bias);
    switch (op->layer.kind) {
      case Kind::max_pool:
        dy = max_pool_backward(schedule, op->layer.name, op->layer.kernel, op->x, op->pool, dy);
        break;
      case Kind::conv:
        dy = conv2d_backward(schedule, op->layer.name, conv_desc(*op), op->x, dy, op->weight,
                             dweight, dbias, need_dx);
        break;
      case Kind::linear:
        dy = linear_backward(schedule, op->layer.name, {op->layer.out, op->relu}, op->x, dy,
                             op->weight, dweight, dbias, need_dx);
        break;
      case Kind::relu: break;  // joined to another op
    }
  }
}

}  // namespace mapnet
