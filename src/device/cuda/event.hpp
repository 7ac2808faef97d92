#pragma once

#include <cuda_runtime.h>

#include "device/cuda/check.hpp"

namespace mapnet::cuda {

/// A place in a stream that the host can wait for.
class Event {
 public:
  explicit Event(unsigned flags = cudaEventDisableTiming) {
    MAPNET_CUDA(cudaEventCreateWithFlags(&event_, flags));
  }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) const { MAPNET_CUDA(cudaEventRecord(event_, stream)); }

  /// Waits for what was in the stream when it was recorded last; for nothing where it never was.
  void wait() const { MAPNET_CUDA(cudaEventSynchronize(event_)); }

  /// Whether wait() would return at once.
  bool reached() const {
    const cudaError_t status = cudaEventQuery(event_);
    if (status == cudaErrorNotReady) return false;
    MAPNET_CUDA(status);
    return true;
  }

  /// Both reached, and made with cudaEventDefault.
  double seconds_since(const Event& begin) const {
    float milliseconds = 0;
    MAPNET_CUDA(cudaEventElapsedTime(&milliseconds, begin.event_, event_));
    return 1e-3 * static_cast<double>(milliseconds);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace mapnet::cuda
