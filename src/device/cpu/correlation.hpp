#pragma once

#include "device/cpu/hadamard.hpp"

namespace mapnet::cpu {

/// out [m] = (1 / (d m)) C, C_s = sum_i a_i b_(i^s) the dyadic correlation of the two diagonals'
/// signs in `tile`; work [m]. See row_factors.hpp.
void correlate_signs(float* out, float* work, std::size_t m, std::size_t d, const SignStream& a,
                     const SignStream& b, std::size_t tile);

}  // namespace mapnet::cpu
