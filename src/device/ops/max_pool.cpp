#include "device/ops/max_pool.hpp"

#include "common/error.hpp"
#include "device/windows.hpp"

namespace mapnet {

Tensor max_pool_shape(const std::string& name, const MaxPoolDesc& desc, const Tensor& x) {
  const int k = desc.kernel, step = desc.step(), padding = desc.padding;
  // With more padding there could be windows without a pixel.
  if (k < 1 || step < 1 || padding < 0 || padding > k / 2)
    fail("{}: there is no pooling with a {}x{} window, stride {}, padding {}", name, k, k, step,
         padding);
  Tensor y = x;
  y.buffer = kNoBuffer;
  y.offset = 0;
  y.h = windows_along(x.h, k, step, padding);
  y.w = windows_along(x.w, k, step, padding);
  if (y.h < 1 || y.w < 1)
    fail("{}: a {}x{} window does not fit the input of {}x{} padded by {}", name, k, k, x.h, x.w,
         padding);
  return y;
}

}  // namespace mapnet
