#pragma once

#include <cstddef>
#include <cstdint>

/// Products with the rows of a stored map W [rows, ld], ld a multiple of 16. Both read W once and are
/// bound by memory bandwidth. Sums run in a fixed order.
namespace mapnet::cpu {

/// u [rows] += scale * W z; z [ld].
void add_dense_forward(float* u, const float* W, const float* z, float scale, std::size_t rows,
                       std::size_t ld);
void add_dense_forward(float* u, const std::uint16_t* W_bf16, const float* z, float scale,
                       std::size_t rows, std::size_t ld);

/// dz [ld] += W^T g; g [rows].
void add_dense_backward(float* dz, const float* W, const float* g, std::size_t rows,
                        std::size_t ld);
void add_dense_backward(float* dz, const std::uint16_t* W_bf16, const float* g, std::size_t rows,
                        std::size_t ld);

}  // namespace mapnet::cpu
