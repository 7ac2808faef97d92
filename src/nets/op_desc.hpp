#pragma once

#include <vector>

#include "device/ops/batch_norm.hpp"
#include "device/ops/conv_pool2d.hpp"
#include "device/ops/conv_transpose2d.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/max_pool.hpp"
#include "nets/lower.hpp"

/// A traced op's layer as its device op describes it: the same for both passes.
namespace mapnet {

inline Conv2dDesc conv_desc(const ForwardTrace::Op& op) {
  Conv2dDesc desc;
  desc.out_channels = op.layer.out;
  desc.kernel = op.layer.kernel;
  desc.padding = op.layer.padding;
  desc.stride = op.layer.stride;
  desc.relu = op.relu && op.pool == 0;
  return desc;
}

inline ConvPool2dDesc conv_pool_desc(const ForwardTrace::Op& op) {
  return {conv_desc(op), op.pool};
}

inline ConvTranspose2dDesc conv_transpose_desc(const ForwardTrace::Op& op) {
  return {op.layer.out, op.layer.kernel};
}

inline MaxPoolDesc max_pool_desc(const ForwardTrace::Op& op) {
  return {op.layer.kernel, op.layer.stride, op.layer.padding};
}

inline LinearDesc linear_desc(const ForwardTrace::Op& op) { return {op.layer.out, op.relu}; }

inline LstmDesc lstm_desc(const ForwardTrace::Op& op) { return {op.layer.out, op.layer.last_only}; }

inline LstmParams lstm_params(const std::vector<ParamSlice>& p) { return {p[0], p[1], p[2], p[3]}; }

inline BatchNormDesc batch_norm_desc(const ForwardTrace::Op& op, Pass pass) {
  BatchNormDesc desc;
  desc.gamma_center = 1;
  desc.relu = op.relu;
  desc.update_statistics = pass == Pass::train;
  return desc;
}

inline BatchNormParams batch_norm_params(const ForwardTrace::Op& op) {
  return {op.params[0], op.params[1], op.running[0], op.running[1]};
}

/// A ReLU that is a step of its own, in place.
inline bool relu_apart(const ForwardTrace::Op& op) {
  if (!op.relu) return false;
  switch (op.layer.kind) {
    case Layer::Kind::conv:
      return op.pool > 0;
    case Layer::Kind::linear:
    case Layer::Kind::batch_norm:
    case Layer::Kind::add:
      return false;
    default:
      return true;
  }
}

}  // namespace mapnet
