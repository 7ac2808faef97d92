#pragma once

#include <string>

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
