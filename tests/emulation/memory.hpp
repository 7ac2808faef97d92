#pragma once

#include <cstddef>
#include <string>

namespace emulation {

enum class MemoryKind { pageable, pinned, device };

/// What the whole of [p, p + bytes) is; pageable when no allocation of ours holds its first byte.
/// Throws std::runtime_error when it leaves the allocation it begins in.
MemoryKind kind_of(const void* p, std::size_t bytes);

/// Whether p points into, or just behind, memory a kernel may use. Null may be passed, too.
bool device_can_reach(const void* p);

/// Whether p points to the process's own memory, heap, stack or variables: neither to a device
/// allocation, nor close to one, nor to pinned memory, nor to nothing. Slow where p does.
bool is_host_memory(const void* p);

/// Throws std::runtime_error when the bytes around an allocation are no longer what they were made.
void check_margins();

/// For a message: "byte 1064 of a device allocation of 1024 bytes". Allocates nothing.
void describe_address(const void* p, char* text, std::size_t bytes);

void open_device_memory();
void close_device_memory();

}  // namespace emulation
