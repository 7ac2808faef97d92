#include "memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <vector>

#include "faults.hpp"
#include "runtime.hpp"

namespace emulation {

namespace {

struct Allocation {
  std::size_t bytes = 0;
  char* pages = nullptr;  // accessible while device memory is open; between two guard pages
  std::size_t page_bytes = 0;
};

constexpr unsigned char kPoison = 0xff;  // a NaN in every float format
constexpr std::size_t kAlignment = 256;  // what cudaMalloc promises

struct Heap {
  std::map<const char*, Allocation> device, pinned;  // by address
  std::size_t limit = std::size_t{4} << 30, live_bytes = 0;
  std::size_t device_count = 0, host_count = 0;
  int open = std::getenv("MAPNET_EMULATION_UNPROTECTED") != nullptr ? 1 : 0;
};

Heap& heap() {
  static Heap& the_heap = *new Heap;  // outlives all that may still free something at exit
  return the_heap;
}

std::size_t round_up(std::size_t n, std::size_t to) { return (n + to - 1) / to * to; }

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

/// The allocation that p points into, or just behind.
const std::pair<const char* const, Allocation>* find(
    const std::map<const char*, Allocation>& allocations, const void* p) {
  auto after = allocations.upper_bound(static_cast<const char*>(p));
  if (after == allocations.begin()) return nullptr;
  --after;
  const auto distance = static_cast<std::size_t>(static_cast<const char*>(p) - after->first);
  return distance <= after->second.bytes ? &*after : nullptr;
}

std::string size_text(std::size_t offset, std::size_t bytes) {
  return "byte " + std::to_string(offset) + " of an allocation of " + std::to_string(bytes) +
         " bytes";
}

/// Margins are shorter than a page and the alignment together.
bool only_poison(const char* begin, const char* end) {
  static const std::vector<unsigned char> poison(page_bytes() + kAlignment, kPoison);
  return std::memcmp(begin, poison.data(), static_cast<std::size_t>(end - begin)) == 0;
}

/// Within its pages or the guard pages around them: where it ends a pointer may be computed that
/// nobody follows.
bool is_close_to(const Allocation& a, const char* p) {
  return p >= a.pages - page_bytes() && p < a.pages + a.page_bytes + page_bytes();
}

/// Whether the process can read what it has there, and it is not its program.
bool is_readable_data(const void* p) {
  std::FILE* const maps = std::fopen("/proc/self/maps", "r");
  if (maps == nullptr) return false;
  const auto address = reinterpret_cast<std::size_t>(p);
  std::size_t begin = 0, end = 0;
  char access[5] = "";
  bool found = false;
  while (!found && std::fscanf(maps, "%zx-%zx %4s%*[^\n]", &begin, &end, access) == 3)
    found = begin <= address && address < end;
  std::fclose(maps);
  return found && access[0] == 'r' && access[2] != 'x';
}

void protect(const Allocation& a, int protection) {
  if (::mprotect(a.pages, a.page_bytes, protection) != 0) std::abort();
}

}  // namespace

void open_device_memory() {
  if (heap().open++ > 0) return;
  for (const auto& [address, a] : heap().device) protect(a, PROT_READ | PROT_WRITE);
}

void close_device_memory() {
  if (--heap().open > 0) return;
  for (const auto& [address, a] : heap().device) protect(a, PROT_NONE);
}

MemoryKind kind_of(const void* p, std::size_t bytes) {
  for (const MemoryKind kind : {MemoryKind::device, MemoryKind::pinned}) {
    const auto* a = find(kind == MemoryKind::device ? heap().device : heap().pinned, p);
    if (a == nullptr) continue;
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(p) - a->first);
    if (bytes > a->second.bytes - offset)
      throw std::runtime_error(std::to_string(bytes) + " bytes do not fit from " +
                               size_text(offset, a->second.bytes));
    return kind;
  }
  return MemoryKind::pageable;
}

bool device_can_reach(const void* p) {
  return p == nullptr || find(heap().device, p) != nullptr || find(heap().pinned, p) != nullptr;
}

bool is_host_memory(const void* p) {
  if (device_can_reach(p)) return false;
  auto* const page =
      reinterpret_cast<void*>(reinterpret_cast<std::size_t>(p) / page_bytes() * page_bytes());
  unsigned char resident = 0;
  if (::mincore(page, 1, &resident) != 0) return false;  // nothing is mapped there
  for (const auto& [address, a] : heap().device)
    if (is_close_to(a, static_cast<const char*>(p))) return false;
  return is_readable_data(p);
}

void require_device_memory(const void* p, std::size_t bytes, const char* name) {
  MemoryKind kind{};
  try {
    kind = kind_of(p, bytes);
  } catch (const std::exception& e) {
    throw std::runtime_error(std::string(name) + ": " + e.what());
  }
  if (kind == MemoryKind::device) return;
  throw std::runtime_error(std::string(name) +
                           (p == nullptr ? " is null" : " is not device memory"));
}

void check_margins() {
  for (const auto& [address, a] : heap().device) {
    if (only_poison(a.pages, address) && only_poison(address + a.bytes, a.pages + a.page_bytes))
      continue;
    std::fill(a.pages, a.pages + (address - a.pages), static_cast<char>(kPoison));
    std::fill(a.pages + (address - a.pages) + a.bytes, a.pages + a.page_bytes,
              static_cast<char>(kPoison));
    throw std::runtime_error("wrote outside a device allocation of " + std::to_string(a.bytes) +
                             " bytes");
  }
}

void describe_address(const void* p, char* text, std::size_t bytes) {
  std::snprintf(text, bytes, "%p", p);
  for (const auto& [address, a] : heap().device) {
    const auto* c = static_cast<const char*>(p);
    if (!is_close_to(a, c)) continue;
    std::snprintf(text, bytes, "byte %td of a device allocation of %zu bytes", c - address,
                  a.bytes);
  }
}

DeviceAccess::DeviceAccess() {
  const Lock lock;
  open_device_memory();
}
DeviceAccess::~DeviceAccess() {
  const Lock lock;
  close_device_memory();
}

std::size_t device_allocations() { return heap().device_count; }
std::size_t host_allocations() { return heap().host_count; }
std::size_t live_device_allocations() { return heap().device.size(); }
std::size_t live_device_bytes() { return heap().live_bytes; }
std::size_t live_host_allocations() { return heap().pinned.size(); }
void set_device_memory(std::size_t bytes) { heap().limit = bytes; }

}  // namespace emulation

using namespace emulation;

cudaError_t cudaMalloc(void** p, std::size_t bytes) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (const cudaError_t status = forbid_in_capture(); status != cudaSuccess) return noted(status);
  if (p == nullptr) return noted(cudaErrorInvalidValue);
  *p = nullptr;
  if (bytes == 0) return cudaSuccess;
  Heap& h = heap();
  if (bytes > h.limit || h.live_bytes > h.limit - bytes) return noted(cudaErrorMemoryAllocation);
  // The end of the allocation lies at the guard page behind it, as closely as alignment permits.
  const std::size_t page = page_bytes(), padded = round_up(bytes, kAlignment);
  const std::size_t inner = round_up(padded, page);
  void* const mapped = ::mmap(nullptr, inner + 2 * page, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return noted(cudaErrorMemoryAllocation);
  Allocation a;
  a.bytes = bytes;
  a.pages = static_cast<char*>(mapped) + page;
  a.page_bytes = inner;
  // Opening and closing goes page by page.
  if (inner >= (std::size_t{2} << 20)) ::madvise(a.pages, inner, MADV_HUGEPAGE);
  protect(a, PROT_READ | PROT_WRITE);
  std::memset(a.pages, kPoison, inner);
  if (h.open == 0) protect(a, PROT_NONE);
  char* const address = a.pages + inner - padded;
  h.device.emplace(address, a);
  h.live_bytes += bytes;
  ++h.device_count;
  report_faults();
  *p = address;
  return cudaSuccess;
}

cudaError_t cudaFree(void* p) {
  const Lock lock;
  if (p == nullptr) return noted(usable());
  if (const cudaError_t status = forbid_in_capture(); status != cudaSuccess) return noted(status);
  const cudaError_t status = finish_everything();
  Heap& h = heap();
  const auto found = h.device.find(static_cast<char*>(p));
  if (found == h.device.end()) return noted(cudaErrorInvalidValue);
  const Allocation a = found->second;
  h.device.erase(found);
  h.live_bytes -= a.bytes;
  // The addresses stay taken, without memory behind them: whatever still uses them is caught.
  ::mmap(a.pages, a.page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
         -1, 0);
  return noted(status);
}

cudaError_t cudaMallocHost(void** p, std::size_t bytes, unsigned) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (const cudaError_t status = forbid_in_capture(); status != cudaSuccess) return noted(status);
  if (p == nullptr) return noted(cudaErrorInvalidValue);
  *p = nullptr;
  if (bytes == 0) return cudaSuccess;
  // Its own malloc block, so that the address sanitizer sees both ends.
  void* const address = std::aligned_alloc(kAlignment, round_up(bytes, kAlignment));
  if (address == nullptr) return noted(cudaErrorMemoryAllocation);
  std::memset(address, kPoison, bytes);
  heap().pinned.emplace(static_cast<char*>(address), Allocation{bytes, nullptr, 0});
  ++heap().host_count;
  *p = address;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* p) {
  const Lock lock;
  if (p == nullptr) return noted(usable());
  if (const cudaError_t status = forbid_in_capture(); status != cudaSuccess) return noted(status);
  const cudaError_t status = finish_everything();
  if (heap().pinned.erase(static_cast<char*>(p)) == 0) return noted(cudaErrorInvalidValue);
  std::free(p);
  return noted(status);
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const Lock lock;
  if (const cudaError_t status = usable(); status != cudaSuccess) return noted(status);
  if (free == nullptr || total == nullptr) return noted(cudaErrorInvalidValue);
  *total = heap().limit;
  *free = heap().limit - std::min(heap().limit, heap().live_bytes);
  return cudaSuccess;
}
