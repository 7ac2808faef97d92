#include "common/error.hpp"
#include "device/device.hpp"

/// Stands in for the CUDA twins in a build without them.
namespace mapnet {

std::string cuda_missing() {
  return "this mapnet was built without CUDA; build the cuda preset (make cuda)";
}

bool built_for_cuda() { return false; }

std::shared_ptr<Device> open_cuda(FastMath /*fast_math*/, int /*process*/) {
  fail("{}", cuda_missing());
}

}  // namespace mapnet
