#include "device/ops/max_pool.hpp"

#include "common/error.hpp"

namespace mapnet {

Tensor max_pool_shape(const std::string& name, int kernel, const Tensor& x) {
  Tensor y = x;
  y.buffer = kNoBuffer;
  y.offset = 0;
  y.h = x.h / kernel;
  y.w = x.w / kernel;
  if (y.h < 1 || y.w < 1)
    fail("{}: a {}x{} window does not fit the input of {}x{}", name, kernel, kernel, x.h, x.w);
  return y;
}

}  // namespace mapnet
