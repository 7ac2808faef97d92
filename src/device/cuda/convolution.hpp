#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>
#include <string>

#include "device/device.hpp"
#include "device/windows.hpp"

/// Convolutions through cuDNN 9's graph API: one operation, one execution plan.
namespace mapnet::cuda {

/// A cuDNN handle that enqueues on one stream.
class Cudnn {
 public:
  explicit Cudnn(cudaStream_t stream);
  ~Cudnn();
  Cudnn(const Cudnn&) = delete;
  Cudnn& operator=(const Cudnn&) = delete;
  void* handle() const { return handle_; }  ///< cudnnHandle_t

 private:
  void* handle_ = nullptr;
};

enum class ConvPass {
  forward,          ///< y = conv(x, W)      from x, W
  backward_data,    ///< dx                  from dy, W
  backward_filter,  ///< dW                  from x, dy
};

/// x [n, c, h, w], W [o, c, k, k], y [n, o, (h + 2 padding - k) / stride + 1, ...], all plain.
struct ConvShape {
  int n, c, h, w, out_channels, kernel, padding, stride = 1;
  int out_h() const { return windows_along(h, kernel, stride, padding); }
  int out_w() const { return windows_along(w, kernel, stride, padding); }
};

/// One pass of one convolution, planned.
class Convolution {
 public:
  virtual ~Convolution() = default;
  /// Bytes `run` needs as workspace, which may lie anywhere aligned to 256 bytes.
  virtual std::size_t workspace_bytes() const = 0;
  /// Which engine cuDNN chose, for people.
  virtual std::string engine() const = 0;
  /// Enqueues out = pass(a, b), a and b in the order ConvPass names them.
  virtual void run(const float* a, const float* b, float* out, void* workspace) const = 0;
};

/// Asks cuDNN for the engine it thinks fastest among those that give the same bits every time and
/// keep float32 (TF32 with fast math). Throws Error with the shape when there is none.
std::shared_ptr<const Convolution> plan_convolution(const std::shared_ptr<Cudnn>& cudnn,
                                                    ConvPass pass, const ConvShape& shape,
                                                    FastMath fast_math);

}  // namespace mapnet::cuda
