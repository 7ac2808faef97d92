#include <cstring>

#include "queue.hpp"
#include "runtime.hpp"

using namespace emulation;

namespace {

constexpr std::size_t kSharedBytes = 48 << 10;

thread_local int current = 0;  // not local to a function: it would look like shared memory

cudaError_t check_device(const void* result, int device) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  if (device < 0 || static_cast<std::size_t>(device) >= devices().size())
    return cudaErrorInvalidDevice;
  return result == nullptr ? cudaErrorInvalidValue : cudaSuccess;
}

}  // namespace

int emulation::current_device() { return current; }

cudaError_t cudaGetDeviceCount(int* count) {
  const Lock lock;
  *count = 0;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  *count = static_cast<int>(devices().size());
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  const Lock lock;
  if (const cudaError_t status = check_device(&device, device); status != cudaSuccess)
    return noted(status);
  current = device;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  const Lock lock;
  if (const cudaError_t status = check_device(device, current); status != cudaSuccess)
    return noted(status);
  *device = current;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
  const Lock lock;
  if (const cudaError_t status = check_device(p, device); status != cudaSuccess)
    return noted(status);
  *p = {};
  std::strcpy(p->name, "emulated on the CPU");
  std::size_t free = 0;
  cudaMemGetInfo(&free, &p->totalGlobalMem);
  p->sharedMemPerBlock = p->sharedMemPerBlockOptin = kSharedBytes;
  p->sharedMemPerMultiprocessor = 2 * kSharedBytes;
  p->regsPerBlock = 65536;
  p->warpSize = 32;
  p->maxThreadsPerBlock = p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
  p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 2147483647;
  p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  p->totalConstMem = 65536;
  p->major = devices()[static_cast<std::size_t>(device)] / 10;
  p->minor = devices()[static_cast<std::size_t>(device)] % 10;
  p->multiProcessorCount = 4;
  p->memoryBusWidth = 64;
  p->l2CacheSize = 1 << 20;
  p->maxThreadsPerMultiProcessor = 2048;
  p->maxBlocksPerMultiProcessor = 32;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const Lock lock;
  cudaDeviceProp p;
  if (value == nullptr) return noted(cudaErrorInvalidValue);
  if (const cudaError_t status = cudaGetDeviceProperties(&p, device); status != cudaSuccess)
    return status;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = p.maxThreadsPerBlock;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(kSharedBytes);
      break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = static_cast<int>(p.sharedMemPerMultiprocessor);
      break;
    case cudaDevAttrWarpSize:
      *value = p.warpSize;
      break;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
      *value = 1000000;
      break;  // kHz
    case cudaDevAttrMultiProcessorCount:
      *value = p.multiProcessorCount;
      break;
    case cudaDevAttrGlobalMemoryBusWidth:
      *value = p.memoryBusWidth;
      break;
    case cudaDevAttrL2CacheSize:
      *value = p.l2CacheSize;
      break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      *value = p.maxThreadsPerMultiProcessor;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = p.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = p.minor;
      break;
    default:
      return noted(cudaErrorInvalidValue);
  }
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (capturing(true)) {
    invalidate_captures(true);
    return noted(cudaErrorStreamCaptureUnsupported);
  }
  ++registry().synchronisations;
  return noted(finish_everything());
}
