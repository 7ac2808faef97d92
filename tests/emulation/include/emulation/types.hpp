#pragma once

#include <cstddef>
#include <cstdint>

/// CUDA's words for functions and variables, and its vector types with CUDA's alignments.

#ifndef MAPNET_CUDA_EMULATED
  #error "the emulated CUDA runtime needs MAPNET_CUDA_EMULATED"
#endif

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

// Blocks run one after another on one host thread, so static storage is a block's. Being
// thread_local tells these arrays from all others in the symbol table: they are filled with NaN
// before each block. The address sanitizer puts red zones around plain statics only.
#ifdef __SANITIZE_ADDRESS__
  #define __shared__ static
#else
  #define __shared__ static thread_local
#endif

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define MAPNET_EMULATION_VECTOR2(T, name, alignment) \
  struct alignas(alignment) name {                   \
    T x, y;                                          \
  };                                                 \
  constexpr name make_##name(T x, T y) { return {x, y}; }

#define MAPNET_EMULATION_VECTOR3(T, name) \
  struct name {                           \
    T x, y, z;                            \
  };                                      \
  constexpr name make_##name(T x, T y, T z) { return {x, y, z}; }

#define MAPNET_EMULATION_VECTOR4(T, name, alignment) \
  struct alignas(alignment) name {                   \
    T x, y, z, w;                                    \
  };                                                 \
  constexpr name make_##name(T x, T y, T z, T w) { return {x, y, z, w}; }

MAPNET_EMULATION_VECTOR2(unsigned char, uchar2, 2)
MAPNET_EMULATION_VECTOR2(unsigned short, ushort2, 4)
MAPNET_EMULATION_VECTOR2(int, int2, 8)
MAPNET_EMULATION_VECTOR2(unsigned, uint2, 8)
MAPNET_EMULATION_VECTOR2(float, float2, 8)
MAPNET_EMULATION_VECTOR2(double, double2, 16)
MAPNET_EMULATION_VECTOR2(long long, longlong2, 16)
MAPNET_EMULATION_VECTOR2(unsigned long long, ulonglong2, 16)
MAPNET_EMULATION_VECTOR3(int, int3)
MAPNET_EMULATION_VECTOR3(float, float3)
MAPNET_EMULATION_VECTOR4(signed char, char4, 4)
MAPNET_EMULATION_VECTOR4(unsigned char, uchar4, 4)
MAPNET_EMULATION_VECTOR4(unsigned short, ushort4, 8)
MAPNET_EMULATION_VECTOR4(int, int4, 16)
MAPNET_EMULATION_VECTOR4(unsigned, uint4, 16)
MAPNET_EMULATION_VECTOR4(float, float4, 16)

#undef MAPNET_EMULATION_VECTOR2
#undef MAPNET_EMULATION_VECTOR3
#undef MAPNET_EMULATION_VECTOR4

constexpr uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
