#pragma once

#include "nets/lower.hpp"

namespace mapnet {

/// Adds the forward steps of one op after another, for the forward pass and for a backward pass
/// that makes activations again.
class OpLowering {
 public:
  OpLowering(Schedule& schedule, const Network& net, const NetBuffers& buffers, Pass pass)
      : schedule_(schedule), net_(net), buffers_(buffers), pass_(pass) {}

  /// Fills in where the op's parameters and running statistics lie.
  void find_params(ForwardTrace::Op& op) const;

  /// Adds the steps of the op, whose x, params and running are filled in; fills in the rest. Its x
  /// may come to be in another layout.
  void add(ForwardTrace::Op& op);

 private:
  ParamSlice running(const std::string& name) const {
    return {buffers_.state, net_.state_tensor(name).offset};
  }
  void convolve(ForwardTrace::Op& op);
  void normalise(ForwardTrace::Op& op);
  void align(ForwardTrace::Op& op);

  Schedule& schedule_;
  const Network& net_;
  const NetBuffers buffers_;
  const Pass pass_;
};

}  // namespace mapnet
