#pragma once

#include <string>
#include <vector>

#include "emulation/emulation.hpp"
#include "emulation/runtime_api.hpp"

/// What the parts of the emulator share.
namespace emulation {

/// One call of the API at a time, whatever thread it comes from.
class Lock {
 public:
  Lock();
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

/// Remembers an error for cudaGetLastError; returns it.
cudaError_t noted(cudaError_t status);

/// Compute capabilities, as set_devices has them.
const std::vector<int>& devices();

/// The device of the calling thread: what is created, and runs, is created and runs there.
int current_device();

/// cudaSuccess, the failed launch that lost the device, or that there is none.
cudaError_t usable();

/// From now on every call fails: what a kernel's failure does to a process.
cudaError_t lose_device(const std::string& why);

/// The error of a call that must not happen while a stream is being captured, or cudaSuccess.
/// Invalidates the captures.
cudaError_t forbid_in_capture();

/// Runs all that is queued.
cudaError_t finish_everything();

}  // namespace emulation
