#include "nets/lower_op.hpp"

#include "common/error.hpp"
#include "device/ops/add.hpp"
#include "device/ops/avg_pool.hpp"
#include "device/ops/concat.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"
#include "nets/op_desc.hpp"

namespace mapnet {

using Kind = Layer::Kind;
using Op = ForwardTrace::Op;

void OpLowering::find_params(Op& op) const {
  const std::string layer = op.layer.name + ".";
  const auto param = [&](const std::string& name) {
    const ParamTensor& tensor = net_.param(name);
    if (op.params_end == 0) op.params_begin = op.params_end = tensor.offset;
    if (tensor.offset != op.params_end)
      fail("network {}: the parameters of {} do not follow one another", net_.name, op.layer.name);
    op.params_end += tensor.size;
    return ParamSlice{buffers_.theta, tensor.offset};
  };
  switch (op.layer.kind) {
    case Kind::conv:
    case Kind::conv_transpose:
    case Kind::linear:
      op.params = {param(layer + "weight")};
      op.params.push_back(op.layer.bias ? param(layer + "bias") : ParamSlice{});
      return;
    case Kind::batch_norm:
      op.params = {param(layer + "weight")};
      op.params.push_back(param(layer + "bias"));
      op.running = {running(layer + "running_mean"), running(layer + "running_var")};
      return;
    case Kind::lstm: {
      // "lstm_l0" is a step's name; PyTorch's are "lstm.weight_ih_l0" and so on.
      const std::string suffix = "_l" + std::to_string(op.layer.index);
      const std::string stack = op.layer.name.substr(0, op.layer.name.size() - suffix.size()) + ".";
      for (const char* what : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"})
        op.params.push_back(param(stack + what + suffix));
      return;
    }
    default:
      return;
  }
}

void OpLowering::add(Op& op) {
  const std::string& name = op.layer.name;
  switch (op.layer.kind) {
    case Kind::conv:
      convolve(op);
      break;
    case Kind::conv_transpose:
      op.y = conv_transpose2d_forward(schedule_, name, conv_transpose_desc(op), op.x[0],
                                      op.params[0], op.params[1]);
      break;
    case Kind::batch_norm:
      normalise(op);
      break;
    case Kind::max_pool: {
      const MaxPool pool = max_pool_forward(schedule_, name, max_pool_desc(op), op.x[0]);
      op.y = pool.y;
      op.argmax = pool.argmax;
      break;
    }
    case Kind::global_avg_pool:
      op.y = global_avg_pool_forward(schedule_, name, op.x[0]);
      break;
    case Kind::add:
      op.x[1] = relayout(schedule_, name + ".relayout", op.x[1], op.x[0].channel_block);
      op.y = add_forward(schedule_, name, op.x[0], op.x[1], op.relu);
      break;
    case Kind::concat:
      align(op);
      op.y = concat_forward(schedule_, name, op.x);
      break;
    case Kind::linear:
      op.x[0] = relayout(schedule_, name + ".flatten", op.x[0], 1);
      op.y = linear_forward(schedule_, name, linear_desc(op), op.x[0], op.params[0], op.params[1]);
      break;
    case Kind::lstm: {
      const Lstm lstm = lstm_forward(schedule_, name, lstm_desc(op), op.x[0],
                                     lstm_params(op.params), pass_ != Pass::evaluate);
      op.y = lstm.y;
      op.saved = lstm.saved;
      break;
    }
    case Kind::relu:
      fail("network {}: a ReLU that was not joined", net_.name);
  }
  if (relu_apart(op)) relu_forward(schedule_, name + ".relu", op.y);
}

void OpLowering::convolve(Op& op) {
  const std::string& name = op.layer.name;
  if (op.pool == 0) {
    op.y = conv2d_forward(schedule_, name, conv_desc(op), op.x[0], op.params[0], op.params[1]);
    return;
  }
  const ConvPool2d pooled =
      conv_pool2d_forward(schedule_, name, conv_pool_desc(op), op.x[0], op.params[0], op.params[1]);
  op.y = pooled.y;
  op.argmax = pooled.argmax;
}

void OpLowering::normalise(Op& op) {
  const std::string& name = op.layer.name;
  const BatchNormDesc desc = batch_norm_desc(op, pass_);
  const BatchNormParams params = batch_norm_params(op);
  if (pass_ == Pass::evaluate) {
    op.y = batch_norm_evaluate(schedule_, name, desc, op.x[0], params);
    return;
  }
  const BatchNorm norm =
      batch_norm_forward(schedule_, name, desc, op.x[0], params, buffers_.control);
  op.y = norm.y;
  op.statistics = norm.statistics;
}

/// One layout for all parts: the first one's, or plain where a block would straddle two parts.
void OpLowering::align(Op& op) {
  int block = op.x.front().channel_block;
  for (std::size_t i = 0; i + 1 < op.x.size(); ++i)
    if (op.x[i].c % block != 0) block = 1;
  for (std::size_t i = 0; i < op.x.size(); ++i)
    op.x[i] = relayout(schedule_, op.layer.name + ".relayout" + std::to_string(i), op.x[i], block);
}

}  // namespace mapnet
