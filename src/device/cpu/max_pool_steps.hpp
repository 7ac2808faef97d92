#pragma once

#include <string>

#include "device/cpu/onednn.hpp"
#include "device/ops/max_pool.hpp"

namespace mapnet::cpu {

/// The steps of a max-pooling for batches of one size.
class MaxPoolSteps {
 public:
  /// x: shape and layout of an input batch; its buffer is not used. Throws Error as
  /// max_pool_shape does.
  MaxPoolSteps(Schedule& schedule, std::string name, const MaxPoolDesc& desc, const Tensor& x);

  /// Shape and layout of an output batch, without a buffer.
  const Tensor& y() const { return y_; }
  /// Bytes a batch's positions of maxima take.
  std::size_t argmax_bytes() const { return forward_.workspace_desc().get_size(); }

  void forward(const Tensor& x, const Tensor& y, BufferId argmax, std::size_t argmax_at = 0) const;
  void backward(const Tensor& dx, const Tensor& dy, BufferId argmax,
                std::size_t argmax_at = 0) const;

 private:
  Schedule& schedule_;
  std::string name_;
  Tensor y_;
  dnnl::pooling_forward::primitive_desc forward_;
  dnnl::pooling_backward::primitive_desc backward_;
};

}  // namespace mapnet::cpu
