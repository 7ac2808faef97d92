#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// One layer of an LSTM over a window, from zero state, PyTorch's equations and gate order
/// (i, f, g, o): i, f, o = sigmoid, g = tanh of x_t W_ih^T + b_ih + h_(t-1) W_hh^T + b_hh;
/// c_t = f c_(t-1) + i g; h_t = o tanh(c_t).
struct LstmDesc {
  int hidden = 0;          ///< H
  bool last_only = false;  ///< y is the last h alone, [N, H]: what a forecast reads
};

/// weight_ih [4H, I], weight_hh [4H, H], bias_ih and bias_hh [4H].
struct LstmParams {
  ParamSlice weight_ih, weight_hh, bias_ih, bias_hh;
};

/// A sequence lies in memory as [N][T][I]: a plain tensor with c = T steps, h = I features, w = 1.
struct Lstm {
  Tensor y;                    ///< [N, T, H], or [N, H] with last_only
  BufferId saved = kNoBuffer;  ///< what the backward pass needs, and works in; none where not kept
};

/// Sizes of a layer, in the letters used throughout.
struct LstmShape {
  int n, t, i, h;
  double flops;  ///< of the forward pass's products
};

/// Throws Error when the input is no sequence or there is no unit.
LstmShape lstm_shape(const std::string& name, const LstmDesc& desc, const Tensor& x);

/// y without a buffer.
Tensor lstm_output(const LstmDesc& desc, const LstmShape& shape);

/// Adds the steps of the layer; throws as lstm_shape does. `keep` for a backward pass to follow.
Lstm lstm_forward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                  const Tensor& x, const LstmParams& params, bool keep);

/// Adds the steps of the backward pass through time; dy of the shape of y. Sets the four gradients
/// (the two biases' are equal). What `saved` held is gone afterwards. Returns dx [N, T, I], or a
/// tensor without a buffer when `need_dx` is false.
Tensor lstm_backward(Schedule& schedule, const std::string& name, const LstmDesc& desc,
                     const Tensor& x, const Lstm& forward, const Tensor& dy,
                     const LstmParams& params, const LstmParams& gradients, bool need_dx);

}  // namespace mapnet
