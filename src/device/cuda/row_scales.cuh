#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "device/ops/map.hpp"

/// scale_j on a device: the RowScale table and how a row's is found.
namespace mapnet::cuda {

struct RowScales {
  const RowScale* table;
  int count;

  /// The entry that holds row j of theta: the last that begins at or before it.
  __device__ int find(std::size_t j) const {
    int low = 0, high = count - 1;
    while (low < high) {
      const int middle = (low + high + 1) / 2;
      if (table[middle].offset <= j)
        low = middle;
      else
        high = middle - 1;
    }
    return low;
  }
  __device__ float at(std::size_t j) const { return table[find(j)].scale; }
};

/// The entry of the rows a block is at. Rows ascend, so it is searched for once a tensor.
struct ScaleRun {
  std::size_t end = 0;
  float scale = 0;

  /// Moves on to the entry that holds row j; true where it holds the rows below `last` too.
  __device__ bool advance(const RowScales& scales, std::size_t j, std::size_t last) {
    if (j >= end) {
      const RowScale found = scales.table[scales.find(j)];
      end = found.offset + found.rows;
      scale = found.scale;
    }
    return last <= end;
  }
};

}  // namespace mapnet::cuda
