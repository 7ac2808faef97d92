#pragma once

/// Arithmetic that the CPU and the CUDA twin of an op share is written once, in functions marked
/// so.
#ifdef __CUDACC__
  #define MAPNET_HOST_DEVICE __host__ __device__
#else
  #define MAPNET_HOST_DEVICE
#endif

/// Hot CPU loops are compiled for several x86-64 levels; the loader picks one. The arithmetic does
/// not depend on the level (no contraction, fixed reduction order), so neither do the bits.
#ifdef MAPNET_CPU_LEVELS
// a test compiles the same loops for the lowest level alone
#elif defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__CUDACC__) && \
    !defined(__SANITIZE_ADDRESS__)
  #define MAPNET_CPU_LEVELS \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
  #define MAPNET_CPU_LEVELS
#endif
