// The map's loops once more, compiled for plain x86-64 (SSE2) alone, under another namespace.
#define MAPNET_CPU_LEVELS
#define cpu lowest_level
#include "device/cpu/dense_rows.cpp"
#include "device/cpu/hadamard.cpp"
#include "device/cpu/row_epilogue.cpp"
