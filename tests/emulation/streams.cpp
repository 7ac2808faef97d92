#include "queue.hpp"
#include "runtime.hpp"

using namespace emulation;

namespace {

/// The stream, or the error of a call that makes the host wait for it.
cudaError_t stream_to_wait_for(cudaStream_t handle, CUstream_st*& stream) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  stream = find_stream(handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (stream->capture) {
    stream->capture->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
  }
  return forbid_in_capture();
}

cudaError_t event_to_wait_for(cudaEvent_t event) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  if (!registry().events.contains(event)) return cudaErrorInvalidResourceHandle;
  if (event->capture) {
    event->capture->invalid = true;
    return cudaErrorCapturedEvent;
  }
  return forbid_in_capture();
}

cudaError_t wait_event(CUstream_st& stream, CUevent_st& event) {
  if (event.capture) {
    if (!event.capture->active) return cudaErrorCapturedEvent;
    if (event.capture->invalid) return cudaErrorStreamCaptureInvalidated;
    if (&stream == &registry().legacy) return cudaErrorStreamCaptureImplicit;
    if (stream.capture && stream.capture != event.capture) return cudaErrorStreamCaptureMerge;
    if (!stream.capture) stream.tips.clear();
    stream.capture = event.capture;
    stream.tips.insert(event.tips.begin(), event.tips.end());
    return cudaSuccess;
  }
  if (!event.marker) return cudaSuccess;  // never recorded
  if (stream.capture) {
    stream.capture->invalid = true;
    return cudaErrorStreamCaptureIsolation;
  }
  Operation operation;
  operation.after = event.marker;
  return submit(stream, std::move(operation));
}

cudaError_t record_event(CUevent_st& event, CUstream_st& stream) {
  if (stream.capture) {
    if (stream.capture->invalid) return cudaErrorStreamCaptureInvalidated;
    event.capture = stream.capture;
    event.tips = stream.tips;
    event.marker = nullptr;
    return cudaSuccess;
  }
  auto marker = std::make_shared<Marker>();
  marker->stream = &stream;
  Operation operation;
  operation.marker = marker;
  if (const cudaError_t status = submit(stream, std::move(operation)); status != cudaSuccess)
    return status;
  event.capture = nullptr;
  event.marker = std::move(marker);
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (stream == nullptr || flags > cudaStreamNonBlocking) return noted(cudaErrorInvalidValue);
  *stream = new CUstream_st;
  (*stream)->flags = flags;
  (*stream)->device = current_device();
  registry().streams.insert(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Lock lock;
  if (!registry().streams.contains(stream)) return noted(cudaErrorInvalidResourceHandle);
  if (stream->capture) stream->capture->invalid = true;
  const cudaError_t status = finish(*stream);  // a device would finish it behind our back
  registry().streams.erase(stream);
  delete stream;
  return noted(status);
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  const Lock lock;
  CUstream_st* stream = nullptr;
  if (const cudaError_t status = stream_to_wait_for(handle, stream); status != cudaSuccess)
    return noted(status);
  ++registry().synchronisations;
  return noted(finish(*stream));
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  const Lock lock;
  CUstream_st* stream = nullptr;
  if (const cudaError_t status = stream_to_wait_for(handle, stream); status != cudaSuccess)
    return noted(status);
  if (stream->queue.empty()) return cudaSuccess;
  if (const cudaError_t status = make_progress(*stream); status != cudaSuccess)
    return noted(status);
  return cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr || !registry().events.contains(event))
    return noted(cudaErrorInvalidResourceHandle);
  return noted(wait_event(*stream, *event));
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (event == nullptr) return noted(cudaErrorInvalidValue);
  *event = new CUevent_st;
  (*event)->flags = flags;
  registry().events.insert(*event);
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Lock lock;
  if (registry().events.erase(event) == 0) return noted(cudaErrorInvalidResourceHandle);
  delete event;
  return noted(usable());
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr || !registry().events.contains(event))
    return noted(cudaErrorInvalidResourceHandle);
  return noted(record_event(*event, *stream));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Lock lock;
  if (const cudaError_t status = event_to_wait_for(event); status != cudaSuccess)
    return noted(status);
  if (!event->marker || event->marker->reached) return cudaSuccess;
  if (const cudaError_t status = make_progress(*event->marker->stream); status != cudaSuccess)
    return noted(status);
  return cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Lock lock;
  if (const cudaError_t status = event_to_wait_for(event); status != cudaSuccess)
    return noted(status);
  if (!event->marker || event->marker->reached) return cudaSuccess;
  ++registry().synchronisations;
  return noted(finish(*event->marker));
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (milliseconds == nullptr) return noted(cudaErrorInvalidValue);
  for (const cudaEvent_t e : {start, end})
    if (!registry().events.contains(e) || (e->flags & cudaEventDisableTiming) != 0 || !e->marker)
      return noted(cudaErrorInvalidResourceHandle);
  if (!start->marker->reached || !end->marker->reached) return cudaErrorNotReady;
  const std::chrono::duration<float, std::milli> elapsed = end->marker->when - start->marker->when;
  *milliseconds = elapsed.count();
  return cudaSuccess;
}
