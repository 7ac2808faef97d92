#include "runtime.hpp"

#include <mutex>
#include <utility>

#include "queue.hpp"

namespace emulation {

namespace {

std::recursive_mutex& mutex() {
  static std::recursive_mutex& the_mutex = *new std::recursive_mutex;
  return the_mutex;
}

cudaError_t last_error = cudaSuccess;
bool lost = false;
std::string& failure() {
  static std::string& text = *new std::string;
  return text;
}
std::vector<int>& device_list() {
  static std::vector<int>& the_devices = *new std::vector<int>{90};
  return the_devices;
}

void empty_queues() {
  Registry& r = registry();
  const auto empty = [](CUstream_st& s) {
    for (Operation& o : s.queue)
      if (o.marker) o.marker->reached = true;
    s.queue.clear();
  };
  empty(r.legacy);
  for (CUstream_st* s : r.streams) empty(*s);
}

struct ErrorName {
  cudaError_t error;
  const char *name, *text;
};
const ErrorName kErrors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration",
     "invalid configuration argument"},
    {cudaErrorInvalidDevicePointer, "cudaErrorInvalidDevicePointer", "invalid device pointer"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection",
     "invalid copy direction for memcpy"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState",
     "the operation cannot be performed in the present state"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
     "an illegal memory access was encountered"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotPermitted, "cudaErrorNotPermitted", "operation not permitted"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
     "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
     "operation failed due to a previous error during capture"},
    {cudaErrorStreamCaptureMerge, "cudaErrorStreamCaptureMerge",
     "operation would result in a merge of separate capture sequences"},
    {cudaErrorStreamCaptureUnmatched, "cudaErrorStreamCaptureUnmatched",
     "capture was not ended in the same stream as it began"},
    {cudaErrorStreamCaptureUnjoined, "cudaErrorStreamCaptureUnjoined",
     "capturing stream has unjoined work"},
    {cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation",
     "dependency created on uncaptured work in another stream"},
    {cudaErrorStreamCaptureImplicit, "cudaErrorStreamCaptureImplicit",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {cudaErrorCapturedEvent, "cudaErrorCapturedEvent",
     "operation not permitted on an event last recorded in a capturing stream"},
};

}  // namespace

Lock::Lock() { mutex().lock(); }
Lock::~Lock() { mutex().unlock(); }

cudaError_t noted(cudaError_t status) {
  if (status != cudaSuccess && status != cudaErrorNotReady) last_error = status;
  return status;
}

cudaError_t usable() {
  if (lost) return cudaErrorLaunchFailure;
  if (is_executing()) return cudaErrorNotPermitted;  // queued work must not call the API
  return device_list().empty() ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t lose_device(const std::string& why) {
  lost = true;
  failure() = why;
  empty_queues();
  return cudaErrorLaunchFailure;
}

cudaError_t forbid_in_capture() {
  if (!capturing(false)) return cudaSuccess;
  invalidate_captures(false);
  return cudaErrorStreamCaptureUnsupported;
}

void forgive() {
  const Lock lock;
  lost = false;
  last_error = cudaSuccess;
  empty_queues();
}

void set_devices(std::vector<int> capabilities) { device_list() = std::move(capabilities); }
const std::vector<int>& devices() { return device_list(); }
std::size_t kernel_launches() { return registry().kernel_launches; }
std::size_t kernels_executed() { return registry().kernels_executed; }
std::size_t graph_launches() { return registry().graph_launches; }
std::size_t synchronisations() { return registry().synchronisations; }

}  // namespace emulation

using namespace emulation;

const char* cudaGetErrorName(cudaError_t error) {
  for (const ErrorName& e : kErrors)
    if (e.error == error) return e.name;
  return "cudaErrorUnknown";
}

const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorLaunchFailure && lost) return failure().c_str();
  for (const ErrorName& e : kErrors)
    if (e.error == error) return e.text;
  return "unknown error";
}

cudaError_t cudaPeekAtLastError() {
  const Lock lock;
  return lost ? cudaErrorLaunchFailure : last_error;
}

cudaError_t cudaGetLastError() {
  const Lock lock;
  const cudaError_t status = cudaPeekAtLastError();
  last_error = cudaSuccess;
  return status;
}
