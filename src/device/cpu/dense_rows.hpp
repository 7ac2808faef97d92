#pragma once

#include <cstddef>

#include "device/ops/map.hpp"

/// Products with rows of a stored map W [rows, ld], ld = dense_row_length(d), float32 or bfloat16
/// as `kind` says. Both read W once and are bound by memory bandwidth. Sums run in a fixed order.
namespace mapnet::cpu {

struct DenseRows {
  MapKind kind = MapKind::dense;
  const void* W = nullptr;
  std::size_t ld = 0;

  /// u [rows] += scale * W[first ...] z; z [ld].
  void add_forward(float* u, const float* z, float scale, std::size_t first,
                   std::size_t rows) const;

  /// dz [ld] += W[first ...]^T g; g [rows].
  void add_backward(float* dz, const float* g, std::size_t first, std::size_t rows) const;
};

}  // namespace mapnet::cpu
