#include "device/ops/conv2d.hpp"

#include <algorithm>

#include "common/error.hpp"

namespace mapnet {

namespace {

/// Kernel positions that fall on the image, summed over one axis of the output: what padding adds
/// is not arithmetic anyone has to do.
double taps_inside(int size, const Conv2dDesc& d, int outputs) {
  double taps = 0;
  for (int out = 0; out < outputs; ++out) {
    const int first = out * d.stride - d.padding;
    taps += std::max(0, std::min(size, first + d.kernel) - std::max(0, first));
  }
  return taps;
}

/// Outputs along one axis; 0 where the kernel does not fit.
int outputs_of(int size, const Conv2dDesc& d) {
  const int room = size + 2 * d.padding - d.kernel;
  return room < 0 ? 0 : room / d.stride + 1;
}

}  // namespace

Conv2dShape conv2d_shape(const std::string& name, const Conv2dDesc& d, const Tensor& x) {
  Conv2dShape s;
  s.y.n = x.n;
  s.y.c = d.out_channels;
  if (d.stride < 1) fail("{}: a stride of {}; expected 1 or more", name, d.stride);
  s.y.h = outputs_of(x.h, d);
  s.y.w = outputs_of(x.w, d);
  if (s.y.h < 1 || s.y.w < 1)
    fail("{}: a {}x{} kernel does not fit the input of {}x{} padded by {}", name, d.kernel,
         d.kernel, x.h, x.w, d.padding);
  s.n_weights = static_cast<std::size_t>(d.out_channels * x.c) *
                static_cast<std::size_t>(d.kernel * d.kernel);
  s.flops =
      2.0 * x.n * x.c * d.out_channels * taps_inside(x.h, d, s.y.h) * taps_inside(x.w, d, s.y.w);
  return s;
}

}  // namespace mapnet
