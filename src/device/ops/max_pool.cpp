#include "device/ops/max_pool.hpp"

#include <algorithm>

#include "common/error.hpp"

namespace mapnet {

Tensor max_pool_shape(const std::string& name, const MaxPoolDesc& d, const Tensor& x) {
  if (2 * d.padding > d.kernel)
    fail("{}: a {}x{} window is padded by half of it at most, not by {}", name, d.kernel, d.kernel,
         d.padding);
  if (std::min(x.h, x.w) + 2 * d.padding < d.kernel)
    fail("{}: a {}x{} window does not fit the input of {}x{} padded by {}", name, d.kernel,
         d.kernel, x.h, x.w, d.padding);
  Tensor y = x;
  y.buffer = kNoBuffer;
  y.offset = 0;
  y.h = (x.h + 2 * d.padding - d.kernel) / d.step() + 1;
  y.w = (x.w + 2 * d.padding - d.kernel) / d.step() + 1;
  return y;
}

}  // namespace mapnet
