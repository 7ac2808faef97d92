#include "device/ops/conv2d.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "device/windows.hpp"

namespace mapnet {

namespace {

/// Kernel positions that fall on the image, summed over one axis of the output: what padding adds
/// is not arithmetic anyone has to do.
double taps_inside(int size, const Conv2dDesc& d) {
  double taps = 0;
  for (int out = 0; out < windows_along(size, d.kernel, d.stride, d.padding); ++out) {
    const int begin = out * d.stride - d.padding;
    taps += std::max(0, std::min(size, begin + d.kernel) - std::max(0, begin));
  }
  return taps;
}

}  // namespace

Conv2dShape conv2d_shape(const std::string& name, const Conv2dDesc& d, const Tensor& x) {
  if (d.stride < 1) fail("{}: a convolution cannot have stride {}", name, d.stride);
  Conv2dShape s;
  s.y.n = x.n;
  s.y.c = d.out_channels;
  s.y.h = windows_along(x.h, d.kernel, d.stride, d.padding);
  s.y.w = windows_along(x.w, d.kernel, d.stride, d.padding);
  if (s.y.h < 1 || s.y.w < 1)
    fail("{}: a {}x{} kernel does not fit the input of {}x{} padded by {}", name, d.kernel,
         d.kernel, x.h, x.w, d.padding);
  s.n_weights = static_cast<std::size_t>(d.out_channels * x.c) *
                static_cast<std::size_t>(d.kernel * d.kernel);
  s.flops = 2.0 * x.n * x.c * d.out_channels * taps_inside(x.h, d) * taps_inside(x.w, d);
  return s;
}

}  // namespace mapnet
