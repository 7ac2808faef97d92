#include "device/ops/conv2d.hpp"

#include <algorithm>

#include "common/error.hpp"

namespace mapnet {

namespace {

/// Kernel positions that fall on the image, summed over one axis of the output: what padding adds
/// is not arithmetic anyone has to do.
double taps_inside(int size, int kernel, int padding) {
  double taps = 0;
  for (int out = 0; out < size + 2 * padding - kernel + 1; ++out)
    taps += std::min(size, out - padding + kernel) - std::max(0, out - padding);
  return taps;
}

}  // namespace

Conv2dShape conv2d_shape(const std::string& name, const Conv2dDesc& d, const Tensor& x) {
  Conv2dShape s;
  s.y.n = x.n;
  s.y.c = d.out_channels;
  s.y.h = x.h + 2 * d.padding - d.kernel + 1;
  s.y.w = x.w + 2 * d.padding - d.kernel + 1;
  if (s.y.h < 1 || s.y.w < 1)
    fail("{}: a {}x{} kernel does not fit the input of {}x{} padded by {}", name, d.kernel,
         d.kernel, x.h, x.w, d.padding);
  s.n_weights = static_cast<std::size_t>(d.out_channels * x.c) *
                static_cast<std::size_t>(d.kernel * d.kernel);
  s.flops = 2.0 * x.n * x.c * d.out_channels * taps_inside(x.h, d.kernel, d.padding) *
            taps_inside(x.w, d.kernel, d.padding);
  return s;
}

}  // namespace mapnet
