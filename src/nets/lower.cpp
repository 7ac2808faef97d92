#include "nets/lower.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "device/ops/conv_pool2d.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/max_pool.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"

namespace mapnet {

namespace {

using Kind = Layer::Kind;

/// Each ReLU joined to the op whose output it works on, each pooling to the convolution before it,
/// which leaves the ReLU between the two behind both.
std::vector<ForwardTrace::Op> join_layers(const Network& net) {
  std::vector<ForwardTrace::Op> ops;
  for (const Layer& layer : net.layers) {
    if (layer.kind == Kind::relu) {
      if (ops.empty()) fail("network {}: begins with a ReLU", net.name);
      ops.back().relu = true;
    } else if (layer.kind == Kind::max_pool && !ops.empty() && ops.back().pool == 0 &&
               ops.back().layer.kind == Kind::conv) {
      ops.back().pool = layer.kernel;
    } else {
      ForwardTrace::Op op;
      op.layer = layer;
      ops.push_back(op);
    }
  }
  return ops;
}

ParamSlice slice_of(const Network& net, const std::string& param, BufferId buffer) {
  const auto found = std::find_if(net.params.begin(), net.params.end(),
                                  [&](const ParamTensor& p) { return p.name == param; });
  if (found == net.params.end()) fail("network {}: no parameter {}", net.name, param);
  return {buffer, found->offset};
}

ParamSlice in(BufferId buffer, const ParamSlice& slice) {
  return slice.absent() ? slice : ParamSlice{buffer, slice.offset};
}

Conv2dDesc conv_desc(const ForwardTrace::Op& op) {
  return {op.layer.out, op.layer.kernel, op.layer.padding, op.relu && op.pool == 0};
}

ConvPool2dDesc conv_pool_desc(const ForwardTrace::Op& op) { return {conv_desc(op), op.pool}; }

LinearDesc linear_desc(const ForwardTrace::Op& op) { return {op.layer.out, op.relu}; }

bool relu_apart(const ForwardTrace::Op& op) {
  return op.relu && (op.pool > 0 || op.layer.kind == Kind::max_pool);
}

void add_forward(Schedule& schedule, ForwardTrace::Op& op) {
  const std::string& name = op.layer.name;
  if (op.layer.kind == Kind::max_pool) {
    const MaxPool pool = max_pool_forward(schedule, name, {op.layer.kernel}, op.x);
    op.y = pool.y;
    op.argmax = pool.argmax;
  } else if (op.layer.kind == Kind::linear) {
    op.x = relayout(schedule, name + ".flatten", op.x, 1);
    op.y = linear_forward(schedule, name, linear_desc(op), op.x, op.weight, op.bias);
  } else if (op.pool > 0) {
    const ConvPool2d pooled =
        conv_pool2d_forward(schedule, name, conv_pool_desc(op), op.x, op.weight, op.bias);
    op.y = pooled.y;
    op.argmax = pooled.argmax;
  } else {
    op.y = conv2d_forward(schedule, name, conv_desc(op), op.x, op.weight, op.bias);
  }
  if (relu_apart(op)) relu_forward(schedule, name + ".relu", op.y);
}

Tensor add_backward(Schedule& schedule, const ForwardTrace::Op& op, const Tensor& dy,
                    BufferId dtheta, bool need_dx) {
  const std::string& name = op.layer.name;
  if (op.relu) relu_backward(schedule, name + ".relu", op.y, dy);
  if (op.layer.kind == Kind::max_pool)
    return max_pool_backward(schedule, name, {op.layer.kernel}, op.x, {op.y, op.argmax}, dy);
  const ParamSlice dweight = in(dtheta, op.weight), dbias = in(dtheta, op.bias);
  if (op.layer.kind == Kind::linear)
    return linear_backward(schedule, name, linear_desc(op), op.x, dy, op.weight, dweight, dbias,
                           need_dx);
  if (op.pool > 0)
    return conv_pool2d_backward(schedule, name, conv_pool_desc(op), op.x, {op.y, op.argmax}, dy,
                                op.weight, dweight, dbias, need_dx);
  return conv2d_backward(schedule, name, conv_desc(op), op.x, dy, op.weight, dweight, dbias,
                         need_dx);
}

}  // namespace

ForwardTrace lower_forward(Schedule& schedule, const Network& net, const Tensor& input,
                           BufferId theta, const BeforeLayer& before_layer) {
  ForwardTrace trace;
  trace.ops = join_layers(net);
  Tensor x = input;
  int pools = 0;
  for (ForwardTrace::Op& op : trace.ops) {
    op.x = x;
    if (op.layer.kind == Kind::max_pool) {
      op.layer.name = "pool" + std::to_string(++pools);
    } else {
      if (before_layer) before_layer(op.layer, op.x);
      op.weight = slice_of(net, op.layer.name + ".weight", theta);
      if (op.layer.bias) op.bias = slice_of(net, op.layer.name + ".bias", theta);
    }
    add_forward(schedule, op);
    x = op.y;
  }
  trace.logits = x;
  return trace;
}

void lower_backward(Schedule& schedule, const ForwardTrace& trace, const Tensor& dlogits,
                    BufferId dtheta, std::string_view first) {
  Tensor dy = dlogits;
  for (auto op = trace.ops.rbegin(); op != trace.ops.rend(); ++op) {
    dy = relayout(schedule, op->layer.name + ".unflatten", dy, op->y.channel_block);
    const bool last = std::next(op) == trace.ops.rend() || op->layer.name == first;
    dy = add_backward(schedule, *op, dy, dtheta, !last);
    if (last) return;
  }
}

}  // namespace mapnet
