#include <cblas.h>
#include <fmt/core.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

#include "device/device.hpp"

namespace mapnet {

std::string cpu_libraries() {
  const dnnl_version_t* dnn = dnnl_version();
  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...": the name and the version.
  const std::string_view blas = openblas_get_config();
  const std::size_t name_end = blas.find(' ');
  return fmt::format(
      "oneDNN {}.{}.{}, {}", dnn->major, dnn->minor, dnn->patch,
      blas.substr(0, name_end == blas.npos ? name_end : blas.find(' ', name_end + 1)));
}

void forget_built_steps() {
  const int capacity = dnnl::get_primitive_cache_capacity();
  dnnl::set_primitive_cache_capacity(0);  // which empties it
  dnnl::set_primitive_cache_capacity(capacity);
}

}  // namespace mapnet
