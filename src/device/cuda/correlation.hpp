#pragma once

#include <cuda_runtime.h>

#include "device/cuda/hadamard.cuh"
#include "device/map_tiles.hpp"

namespace mapnet::cuda {

/// Enqueues out [tiles, m] = (1 / (d m)) C a tile, C_s = sum_i a_i b_(i^s) the dyadic correlation
/// of the two diagonals' signs; work [tiles, m]. See row_factors.hpp.
void correlate_signs(cudaStream_t stream, float* out, float* work, const TileShape& shape,
                     std::size_t tiles, std::size_t d, const SignStream& a, const SignStream& b);

}  // namespace mapnet::cuda
