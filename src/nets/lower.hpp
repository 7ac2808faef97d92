#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "device/ops/lstm.hpp"
#include "device/ops/micro_batch.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"
#include "nets/network.hpp"
#include "nets/recompute.hpp"

namespace mapnet {

/// What a forward pass reads beside its input.
struct NetBuffers {
  BufferId theta = kNoBuffer;    ///< [P], as the parameter table says
  BufferId state = kNoBuffer;    ///< [state_count], where the network has any
  BufferId control = kNoBuffer;  ///< StepControl; for normalisations in training alone
};

enum class Pass {
  train,        ///< a backward pass follows; normalises by the batch and tracks its statistics
  train_apart,  ///< the same for a second network in one step: running statistics are left alone
  evaluate,     ///< normalises by the running statistics
};

/// What a forward pass leaves for its backward pass, one entry an added op.
struct ForwardTrace {
  struct Op {
    Layer layer;
    std::vector<int> inputs;  ///< ops it reads, -1 the network's input
    int pool = 0;             ///< window of a max-pooling joined to a convolution
    bool relu = false;        ///< a ReLU behind it all, fused or in place
    std::vector<Tensor> x;
    Tensor y;                                      ///< after the ReLU
    BufferId argmax = kNoBuffer;                   ///< of a pooling
    BufferId statistics = kNoBuffer;               ///< of a normalisation
    BufferId saved = kNoBuffer;                    ///< of an LSTM
    std::vector<ParamSlice> params;                ///< in the order of the layer's tensors
    std::size_t params_begin = 0, params_end = 0;  ///< of theta: the stretch they fill
    std::vector<ParamSlice> running;               ///< of a normalisation: mean, variance
  };
  std::vector<Op> ops;
  const Network* net = nullptr;
  NetBuffers buffers;
  Tensor input;
  Tensor logits;  ///< [N, classes], or a segmentation's [N, classes, H, W]

  /// The values an op reads, as their makers left them.
  std::vector<Tensor> inputs_of(const Op& op) const {
    std::vector<Tensor> x;
    for (const int i : op.inputs) x.push_back(i < 0 ? input : ops[static_cast<std::size_t>(i)].y);
    return x;
  }
};

/// Adds steps that see or change what enters a layer with weights.
using BeforeLayer = std::function<void(const Layer& layer, const Tensor& x)>;

/// Adds the steps of logits = f_theta(x). x [N, C, H, W] plain. A max-pooling is joined to the
/// convolution before it. ReLU is fused into the convolution, product, normalisation or sum before
/// it; before a max-pooling it is moved behind, where it is k^2 times cheaper and gives the same
/// values, since both are monotone. Neither happens to a value that another layer reads too.
/// `before_layer` is called for each weighted layer, in order, before its steps are added.
ForwardTrace lower_forward(Schedule& schedule, const Network& net, const Tensor& x,
                           const NetBuffers& buffers, Pass pass,
                           const BeforeLayer& before_layer = {});

/// Of a backward pass over one part of a batch: how its gradient joins those of the parts before.
struct Accumulation {
  Scored scored = Scored::samples;
  BufferId control = kNoBuffer;
};

struct BackwardOptions {
  std::string_view first = {};  ///< layer to go back to; empty: all the way
  std::optional<Accumulation> accumulation = {};
  Recompute recompute = {};
};

/// Adds the steps of dtheta = (d logits / d theta)^T dlogits. Sets every value of dtheta [P] or,
/// where `first` names a layer, those of that layer and all behind it: with the layers in front
/// frozen there is nothing to carry further back. Gradients of a value that several layers read are
/// summed. May change dlogits.
///
/// With `accumulation` the gradient is added to dtheta (device/ops/micro_batch.hpp), a layer at a
/// time: one layer's gradient is all that lies beside it. With `recompute` some activations are
/// made again when first needed, by the same steps and so to the same bits; running statistics are
/// left alone. The trace's network must still be there.
void lower_backward(Schedule& schedule, const ForwardTrace& trace, const Tensor& dlogits,
                    BufferId dtheta, const BackwardOptions& options = {});

}  // namespace mapnet
