#include <cstring>
#include <stdexcept>
#include <vector>

#include "memory.hpp"
#include "queue.hpp"
#include "runtime.hpp"

using namespace emulation;

namespace {

/// What a copy reads and writes.
struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
  MemoryKind to_kind{}, from_kind{};

  bool touches_pageable() const {
    return to_kind == MemoryKind::pageable || from_kind == MemoryKind::pageable;
  }
};

bool allowed(const Copy& c, cudaMemcpyKind kind) {
  const bool to_device = c.to_kind == MemoryKind::device;
  const bool from_device = c.from_kind == MemoryKind::device;
  switch (kind) {
    case cudaMemcpyHostToHost:
      return !to_device && !from_device;
    case cudaMemcpyHostToDevice:
      return to_device && !from_device;
    case cudaMemcpyDeviceToHost:
      return !to_device && from_device;
    case cudaMemcpyDeviceToDevice:
      return to_device && from_device;
    case cudaMemcpyDefault:
      return true;
  }
  return false;
}

bool classify(Copy& c, cudaMemcpyKind kind) {
  if (c.to == nullptr || c.from == nullptr) return false;
  try {
    c.to_kind = kind_of(c.to, c.bytes);
    c.from_kind = kind_of(c.from, c.bytes);
  } catch (const std::exception&) {
    return false;  // beyond the end of an allocation
  }
  return allowed(c, kind);
}

/// `staged`: what is there now is copied, whatever is there when the copy runs.
Operation operation_of(const Copy& c, bool staged) {
  Operation operation;
  operation.type = cudaGraphNodeTypeMemcpy;
  if (staged) {
    const char* const begin = static_cast<const char*>(c.from);
    operation.run = [c, source = std::vector<char>(begin, begin + c.bytes)] {
      require_device_memory(c.to, c.bytes, "target of a copy");
      std::memcpy(c.to, source.data(), c.bytes);
    };
  } else {
    operation.run = [c] {
      // Freed and not by accident pageable since.
      if (kind_of(c.to, c.bytes) != c.to_kind || kind_of(c.from, c.bytes) != c.from_kind)
        throw std::runtime_error("a copy runs after its memory was freed");
      std::memmove(c.to, c.from, c.bytes);
    };
  }
  return operation;
}

/// CUDA's documentation leaves open when it reads pageable memory ("might be synchronous"): here as
/// late as can be.
cudaError_t copy_async(Copy c, cudaMemcpyKind kind, cudaStream_t handle) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (c.bytes == 0) return cudaSuccess;
  if (!classify(c, kind)) return cudaErrorInvalidValue;
  if (stream->capture && c.touches_pageable()) {
    stream->capture->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
  }
  if (const cudaError_t status = submit(*stream, operation_of(c, false)); status != cudaSuccess)
    return status;
  if (c.to_kind != MemoryKind::pageable) return cudaSuccess;
  ++registry().synchronisations;
  return finish(*stream);
}

/// As CUDA's documentation has it: a copy from pageable memory waits for the null stream, takes the
/// source, and may return before it arrives; one within the device does not wait at all.
cudaError_t copy(Copy c, cudaMemcpyKind kind) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  if (const cudaError_t status = forbid_in_capture(); status != cudaSuccess) return status;
  CUstream_st& stream = registry().legacy;
  if (c.bytes == 0) return cudaSuccess;
  if (!classify(c, kind)) return cudaErrorInvalidValue;
  const bool staged = c.from_kind == MemoryKind::pageable && c.to_kind == MemoryKind::device;
  const bool inside = c.from_kind == MemoryKind::device && c.to_kind == MemoryKind::device;
  if (!inside) ++registry().synchronisations;
  if (staged) {
    const cudaError_t status = finish(stream);
    return status != cudaSuccess ? status : submit(stream, operation_of(c, true));
  }
  if (const cudaError_t status = submit(stream, operation_of(c, false)); status != cudaSuccess)
    return status;
  return inside ? cudaSuccess : finish(stream);
}

cudaError_t set(void* p, int value, std::size_t bytes, cudaStream_t handle) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  CUstream_st* const stream = find_stream(handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (bytes == 0) return cudaSuccess;
  try {
    require_device_memory(p, bytes, "target of cudaMemset");
  } catch (const std::exception&) {
    return cudaErrorInvalidValue;
  }
  Operation operation;
  operation.type = cudaGraphNodeTypeMemset;
  operation.run = [=] {
    require_device_memory(p, bytes, "target of cudaMemset");
    std::memset(p, value, bytes);
  };
  return submit(*stream, std::move(operation));
}

}  // namespace

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const Lock lock;
  return noted(copy_async({to, from, bytes}, kind, stream));
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  const Lock lock;
  return noted(copy({to, from, bytes}, kind));
}

cudaError_t cudaMemsetAsync(void* p, int value, std::size_t bytes, cudaStream_t stream) {
  const Lock lock;
  return noted(set(p, value, bytes, stream));
}

cudaError_t cudaMemset(void* p, int value, std::size_t bytes) {
  const Lock lock;
  if (const cudaError_t status = forbid_in_capture(); status != cudaSuccess) return noted(status);
  return noted(set(p, value, bytes, nullptr));
}
