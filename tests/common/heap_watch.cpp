#include "common/heap_watch.hpp"

#include <link.h>
#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>

// glibc's own entry points, under the names it keeps for programs that interpose the public ones.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {

std::atomic<bool> watching{false};
std::atomic<std::size_t> ours{0}, library{0}, largest_library{0};
std::atomic<long> growth{0}, peak{0};
std::uintptr_t program_begin = 0, program_end = 0;

/// The first object dl_iterate_phdr reports is the program itself.
int find_program(dl_phdr_info* info, std::size_t, void*) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    const std::uintptr_t end = begin + info->dlpi_phdr[i].p_memsz;
    if (program_begin == 0 || begin < program_begin) program_begin = begin;
    if (end > program_end) program_end = end;
  }
  return 1;
}

template <class T>
void raise(std::atomic<T>& most, T value) {
  T seen = most;
  while (value > seen && !most.compare_exchange_weak(seen, value)) {
  }
}

void* note(void* result, std::size_t bytes, const void* caller) {
  if (!watching || !result) return result;
  const auto from = reinterpret_cast<std::uintptr_t>(caller);
  const auto usable = static_cast<long>(malloc_usable_size(result));
  raise(peak, growth += usable);
  if (from >= program_begin && from < program_end) {
    ++ours;
  } else {
    ++library;
    raise(largest_library, bytes);
  }
  return result;
}

void forget(void* p) {
  if (p && watching) growth -= static_cast<long>(malloc_usable_size(p));
}

void* must(void* result) {
  if (!result) throw std::bad_alloc();
  return result;
}

}  // namespace

// noinline, and no call between the entry points: the return address is then the caller's.
#define CALLER __builtin_return_address(0)

extern "C" {
void* malloc(std::size_t n) { return note(__libc_malloc(n), n, CALLER); }
void* calloc(std::size_t n, std::size_t size) {
  return note(__libc_calloc(n, size), n * size, CALLER);
}
void* realloc(void* p, std::size_t n) {
  forget(p);
  return note(__libc_realloc(p, n), n, CALLER);
}
void* memalign(std::size_t alignment, std::size_t n) {
  return note(__libc_memalign(alignment, n), n, CALLER);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) {
  return note(__libc_memalign(alignment, n), n, CALLER);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t n) {
  *out = note(__libc_memalign(alignment, n), n, CALLER);
  return *out ? 0 : ENOMEM;
}
void free(void* p) {
  forget(p);
  __libc_free(p);
}
}

void* operator new(std::size_t n) { return must(note(__libc_malloc(n), n, CALLER)); }
void* operator new[](std::size_t n) { return must(note(__libc_malloc(n), n, CALLER)); }
void* operator new(std::size_t n, std::align_val_t a) {
  return must(note(__libc_memalign(static_cast<std::size_t>(a), n), n, CALLER));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return must(note(__libc_memalign(static_cast<std::size_t>(a), n), n, CALLER));
}
void operator delete(void* p) noexcept { free(p); }
void operator delete[](void* p) noexcept { free(p); }
void operator delete(void* p, std::size_t) noexcept { free(p); }
void operator delete[](void* p, std::size_t) noexcept { free(p); }
void operator delete(void* p, std::align_val_t) noexcept { free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { free(p); }

namespace mapnet::test {

void HeapWatch::start() {
  if (program_end == 0) dl_iterate_phdr(find_program, nullptr);
  ours = library = largest_library = 0;
  growth = peak = 0;
  watching = true;
}

HeapCounts HeapWatch::stop() {
  watching = false;
  return {ours, library, largest_library, growth, peak};
}

}  // namespace mapnet::test
