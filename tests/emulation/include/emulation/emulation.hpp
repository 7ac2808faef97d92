#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

struct CUstream_st;
enum cudaError : int;

/// What tests and emulated libraries ask of the emulator beyond CUDA's own functions.
///
/// Streams are queues that advance only when something waits for them. (A cudaMemcpy from pageable
/// memory does not: as CUDA documents, it returns when the source is staged, and a stream made
/// cudaStreamNonBlocking may run before the values arrive. Of cudaMemcpyAsync nothing of the kind
/// is documented: it reads its source when its turn comes.) Device memory is inaccessible except
/// while queued work runs: a stray access of the host ends in SIGSEGV, as does a kernel that leaves
/// its allocation by more than a few bytes (fewer are noticed afterwards).
/// MAPNET_EMULATION_UNPROTECTED in the environment leaves it open, for debuggers.
namespace emulation {

/// The order in which the blocks of a grid run, the threads of a block between two barriers, and
/// independent branches of a graph. Right programs give the same results with each.
/// MAPNET_EMULATION_ORDER in the environment names the first one used.
enum class ThreadOrder { ascending, descending, shuffled };
void set_thread_order(ThreadOrder order);
ThreadOrder thread_order();

/// Opens device memory to the host while it lives; they nest.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

/// Queues `work` on a stream, or records it where the stream is being captured: what an emulated
/// library does. Device memory is open while it runs. What it throws is reported as a failed
/// launch by whatever waits for it. `name` is for messages.
cudaError enqueue(CUstream_st* stream, std::function<void()> work,
                  std::string name = "library call");

/// Throws std::runtime_error unless [p, p + bytes) lies within one allocation of device memory.
void require_device_memory(const void* p, std::size_t bytes, const char* name);

std::size_t device_allocations();  ///< calls of cudaMalloc that succeeded
std::size_t host_allocations();    ///< of cudaMallocHost
std::size_t live_device_allocations();
std::size_t live_device_bytes();
std::size_t live_host_allocations();
std::size_t kernel_launches();   ///< calls of cudaLaunchKernelEx, those recorded included
std::size_t kernels_executed();  ///< whether launched or replayed
std::size_t graph_launches();    ///< calls of cudaGraphLaunch
std::size_t synchronisations();  ///< calls that made the host wait for the device
std::size_t pending_operations();

/// What devices there are, by compute capability, as 75: one of 90 at first. None makes
/// cudaGetDeviceCount, and whatever needs a device, fail. They share their memory.
void set_devices(std::vector<int> capabilities);
/// What cudaMalloc can give in total: 4 GiB at first.
void set_device_memory(std::size_t bytes);
/// Forgets a failed launch, after which a real device is lost to the process. Queues are emptied.
void forgive();

}  // namespace emulation
