#include <stdexcept>

#include "blocks.hpp"
#include "memory.hpp"
#include "queue.hpp"
#include "runtime.hpp"
#include "symbols.hpp"

namespace emulation {

namespace {

bool fits_a_device(const cudaLaunchConfig_t& c) {
  const dim3 g = c.gridDim, b = c.blockDim;
  const std::size_t threads = std::size_t{b.x} * b.y * b.z;
  return g.x > 0 && g.y > 0 && g.z > 0 && g.x <= 2147483647u && g.y <= 65535u && g.z <= 65535u &&
         b.x > 0 && b.x <= 1024 && b.y <= 1024 && b.z <= 64 && threads > 0 && threads <= 1024 &&
         c.dynamicSmemBytes <= (48u << 10);
}

void check_pointers(const Kernel& kernel) {
  for (const void* p : kernel.pointers)
    if (!device_can_reach(p))
      throw std::runtime_error("kernel " + function_name(kernel.address) +
                               ": an argument points to memory that is not the device's");
  for (const void* p : kernel.members)
    if (is_host_memory(p))
      throw std::runtime_error("kernel " + function_name(kernel.address) +
                               ": a member of an argument points to the host's memory");
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, Kernel kernel) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  CUstream_st* const stream = find_stream(config.stream);
  if (stream == nullptr) return noted(cudaErrorInvalidResourceHandle);
  if (config.stream != nullptr && stream->device != current_device())
    return noted(cudaErrorInvalidResourceHandle);
  if (!fits_a_device(config)) return noted(cudaErrorInvalidConfiguration);
  if (config.numAttrs != 0) return noted(cudaErrorNotSupported);
  kernel.grid = config.gridDim;
  kernel.block = config.blockDim;
  ++registry().kernel_launches;
  Operation operation;
  operation.type = cudaGraphNodeTypeKernel;
  operation.run = [kernel = std::move(kernel)] {
    check_pointers(kernel);  // only now: memory may have been freed since
    ++registry().kernels_executed;
    run_grid(kernel);
    try {
      check_margins();
    } catch (const std::exception& e) {
      throw std::runtime_error("kernel " + function_name(kernel.address) + " " + e.what());
    }
  };
  return noted(submit(*stream, std::move(operation)));
}

}  // namespace emulation
