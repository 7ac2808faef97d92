#include "nets/join.hpp"

#include "common/error.hpp"

namespace mapnet {

namespace {

using Kind = Layer::Kind;
using Op = ForwardTrace::Op;

std::vector<int> reader_counts(const Network& net) {
  std::vector<int> counts(net.layers.size());
  for (const Layer& layer : net.layers)
    for (const int input : layer.inputs)
      if (input >= 0) ++counts[static_cast<std::size_t>(input)];
  return counts;
}

bool takes_pool(const Op& op, const Layer& pool) {
  return op.layer.kind == Kind::conv && op.layer.stride == 1 && op.pool == 0 &&
         pool.stride == pool.kernel && pool.padding == 0;
}

/// What a layer's steps are called; `pools` counts the max-poolings so far.
std::string step_name(const Layer& layer, int pools) {
  if (layer.kind == Kind::lstm) return layer.name + "_l" + std::to_string(layer.index);
  if (!layer.name.empty()) return layer.name;
  switch (layer.kind) {
    case Kind::max_pool:
      return "pool" + std::to_string(pools);
    case Kind::add:
      return layer.from.at(0) + ".add";
    case Kind::concat:
      return layer.from.at(0) + ".concat";
    default:
      return "avgpool";
  }
}

}  // namespace

std::vector<Op> join_layers(const Network& net) {
  const std::vector<int> readers = reader_counts(net);
  std::vector<Op> ops;
  std::vector<int> op_of;  // the op that makes each layer's value
  int pools = 0;
  for (const Layer& layer : net.layers) {
    const int before = layer.inputs.front();
    // What the layer before makes is this layer's alone, and it was the last op added.
    const bool alone = before >= 0 && readers[static_cast<std::size_t>(before)] == 1 &&
                       op_of[static_cast<std::size_t>(before)] == static_cast<int>(ops.size()) - 1;
    if (layer.kind == Kind::relu) {
      if (!alone)
        fail("network {}: a ReLU needs a layer before it whose value it alone reads", net.name);
      ops.back().relu = true;
    } else if (layer.kind == Kind::max_pool && alone && takes_pool(ops.back(), layer)) {
      ops.back().pool = layer.kernel;
    } else {
      Op op;
      op.layer = layer;
      for (const int input : layer.inputs)
        op.inputs.push_back(input < 0 ? -1 : op_of[static_cast<std::size_t>(input)]);
      if (layer.kind == Kind::max_pool) ++pools;
      op.layer.name = step_name(layer, pools);
      ops.push_back(std::move(op));
    }
    op_of.push_back(static_cast<int>(ops.size()) - 1);
  }
  return ops;
}

}  // namespace mapnet
