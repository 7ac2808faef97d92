#include "nets/join.hpp"
#include "nets/lower_op.hpp"

namespace mapnet {

ForwardTrace lower_forward(Schedule& schedule, const Network& net, const Tensor& input,
                           const NetBuffers& buffers, Pass pass, const BeforeLayer& before_layer) {
  ForwardTrace trace;
  trace.net = &net;
  trace.buffers = buffers;
  trace.input = input;
  trace.ops = join_layers(net);
  OpLowering lowering(schedule, net, buffers, pass);
  for (ForwardTrace::Op& op : trace.ops) {
    op.x = trace.inputs_of(op);
    if (before_layer && op.layer.weighted()) before_layer(op.layer, op.x[0]);
    lowering.find_params(op);
    lowering.add(op);
  }
  trace.logits = trace.ops.back().y;
  return trace;
}

}  // namespace mapnet
