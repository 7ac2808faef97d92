#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <source_location>
#include <type_traits>

#include "emulation/types.hpp"

/// What device code may use: indices, barriers, warp exchanges, intrinsics.

// Of the thread that runs now. A kernel must not write them.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace emulation {

using Site = std::source_location;

/// What the lanes of a warp can do together. Every lane named in `mask` must ask for the same.
enum class Collective { syncwarp, shfl, shfl_up, shfl_down, shfl_xor, any, all, ballot };

void wait_for_block(const Site& site);
std::uint64_t meet_warp(Collective what, unsigned mask, std::uint64_t value, int argument,
                        int width, const Site& site);
[[noreturn]] void trap(const Site& site);

/// Bits of what a lane hands over; CUDA exchanges 4 and 8 bytes.
template <class T>
T shuffle(Collective what, unsigned mask, T value, int argument, int width, const Site& site) {
  static_assert(std::is_arithmetic_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const std::uint64_t got =
      meet_warp(what, mask, std::bit_cast<Bits>(value), argument, width, site);
  return std::bit_cast<T>(static_cast<Bits>(got));
}

}  // namespace emulation

inline void __syncthreads(const emulation::Site& site = emulation::Site::current()) {
  emulation::wait_for_block(site);
}

inline void __syncwarp(unsigned mask = 0xffffffffu,
                       const emulation::Site& site = emulation::Site::current()) {
  emulation::meet_warp(emulation::Collective::syncwarp, mask, 0, 0, 32, site);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = warpSize,
              const emulation::Site& site = emulation::Site::current()) {
  return emulation::shuffle(emulation::Collective::shfl, mask, value, lane, width, site);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                 const emulation::Site& site = emulation::Site::current()) {
  return emulation::shuffle(emulation::Collective::shfl_up, mask, value, static_cast<int>(delta),
                            width, site);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                   const emulation::Site& site = emulation::Site::current()) {
  return emulation::shuffle(emulation::Collective::shfl_down, mask, value, static_cast<int>(delta),
                            width, site);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize,
                  const emulation::Site& site = emulation::Site::current()) {
  return emulation::shuffle(emulation::Collective::shfl_xor, mask, value, lane_mask, width, site);
}

inline int __any_sync(unsigned mask, int predicate,
                      const emulation::Site& site = emulation::Site::current()) {
  return static_cast<int>(
      emulation::meet_warp(emulation::Collective::any, mask, predicate != 0, 0, 32, site));
}

inline int __all_sync(unsigned mask, int predicate,
                      const emulation::Site& site = emulation::Site::current()) {
  return static_cast<int>(
      emulation::meet_warp(emulation::Collective::all, mask, predicate != 0, 0, 32, site));
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              const emulation::Site& site = emulation::Site::current()) {
  return static_cast<unsigned>(
      emulation::meet_warp(emulation::Collective::ballot, mask, predicate != 0, 0, 32, site));
}

[[noreturn]] inline void __trap(const emulation::Site& site = emulation::Site::current()) {
  emulation::trap(site);
}

// Threads of a kernel run one at a time: nothing to order.
inline void __threadfence() {}
inline void __threadfence_block() {}

// Of integers alone, on purpose: with floats results would depend on the order of threads.
inline unsigned atomicAdd(unsigned* to, unsigned value) {
  const unsigned before = *to;
  *to += value;
  return before;
}
inline unsigned long long atomicAdd(unsigned long long* to, unsigned long long value) {
  const unsigned long long before = *to;
  *to += value;
  return before;
}

template <class T>
T __ldg(const T* p) {
  return *p;
}

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline int __ffsll(long long x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>((std::uint64_t{a} * b) >> 32);
}
inline int __float2int_rn(float x) { return static_cast<int>(std::nearbyint(x)); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
