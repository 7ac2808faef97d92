#include "memory/arena.hpp"

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "common/bytes.hpp"
#include "common/error.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::atomic<std::size_t> allocation_count = 0;

}  // namespace

Arena::Arena(std::size_t bytes) : memory_(nullptr, Release{bytes}), bytes_(bytes) {
  if (bytes == 0) return;
  // Straight from the kernel: page-aligned, and zero without a pass over it.
  void* const p =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    fail<NoArena>("arena: cannot allocate {} ({} bytes): {}", format_bytes(bytes), bytes,
                  std::strerror(errno));
  memory_.reset(static_cast<std::byte*>(p));
  ++allocation_count;
  // A step sweeps the whole arena: with 2 MiB pages the first sweep takes 1/512 of the page faults
  // and the later ones miss the TLB less. A hint: where the kernel declines, nothing else changes.
  if (bytes >= kHugePage) ::madvise(p, bytes, MADV_HUGEPAGE);
}

std::size_t Arena::allocations() { return allocation_count; }

void Arena::Release::operator()(std::byte* p) const { ::munmap(p, bytes); }

}  // namespace mapnet
