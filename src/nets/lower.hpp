#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "device/schedule.hpp"
#include "device/tensor.hpp"
#include "nets/network.hpp"

namespace mapnet {

/// What a forward pass leaves for its backward pass, one entry an added op.
struct ForwardTrace {
  struct Op {
    Layer layer;
    int pool = 0;       ///< window of a max-pooling joined to a convolution
    bool relu = false;  ///< a ReLU behind it all, fused or in place
    Tensor x, y;        ///< y after the ReLU
    BufferId argmax = kNoBuffer;
    ParamSlice weight = {}, bias = {};
  };
  std::vector<Op> ops;
  Tensor logits;  ///< [N, classes]
};

/// Adds steps that see or change what enters a layer with weights.
using BeforeLayer = std::function<void(const Layer& layer, const Tensor& x)>;

/// Adds the steps of logits = f_theta(x). x [N, C, H, W] plain; theta [P] as the parameter table
/// says. A max-pooling is joined to the convolution before it. ReLU is fused into the convolution
/// or product before it; before a max-pooling it is moved behind, where it is k^2 times cheaper and
/// gives the same values, since both are monotone. `before_layer` is called for each layer with
/// weights, in order, before its steps are added.
ForwardTrace lower_forward(Schedule& schedule, const Network& net, const Tensor& x, BufferId theta,
                           const BeforeLayer& before_layer = {});

/// Adds the steps of dtheta = (d logits / d theta)^T dlogits. Sets every value of dtheta [P] or,
/// where `first` names a layer, those of that layer and all behind it: with the layers in front
/// frozen there is nothing to carry further back.
void lower_backward(Schedule& schedule, const ForwardTrace& trace, const Tensor& dlogits,
                    BufferId dtheta, std::string_view first = {});

}  // namespace mapnet
