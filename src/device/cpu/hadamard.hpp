#pragma once

#include <cstddef>
#include <cstdint>

#include "device/map_tiles.hpp"

/// The pieces of a Hadamard map: the transform and the seeded sign flips.
namespace mapnet::cpu {

/// x [n] = H x, in place; H the unnormalised Sylvester-Hadamard matrix (H H = n I). n: a power of
/// two, at least 16.
void hadamard_transform(float* x, std::size_t n);

/// y [n] = D x, D the diagonal of seeded signs. n: a multiple of 16. x and y may be the same.
void apply_signs(float* y, const float* x, std::size_t n, const SignStream& signs,
                 std::size_t tile);

/// y [n] += D x.
void add_with_signs(float* y, const float* x, std::size_t n, const SignStream& signs,
                    std::size_t tile);

}  // namespace mapnet::cpu
