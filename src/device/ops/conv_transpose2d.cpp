#include "device/ops/conv_transpose2d.hpp"

#include "common/error.hpp"

namespace mapnet {

Tensor conv_transpose2d_shape(const std::string& name, const ConvTranspose2dDesc& d,
                              const Tensor& x) {
  if (d.kernel < 1 || d.out_channels < 1)
    fail("{}: there is no transposed convolution with {} {}x{} filters", name, d.out_channels,
         d.kernel, d.kernel);
  Tensor y = x;
  y.buffer = kNoBuffer;
  y.offset = 0;
  y.c = d.out_channels;
  y.h = x.h * d.kernel;
  y.w = x.w * d.kernel;
  return y;
}

Conv2dDesc adjoint_conv2d(const ConvTranspose2dDesc& d, const Tensor& x) {
  return {.out_channels = x.c, .kernel = d.kernel, .stride = d.kernel};
}

}  // namespace mapnet
