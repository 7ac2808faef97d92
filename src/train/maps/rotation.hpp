#pragma once

#include <cstdint>

#include "algebra/square_matrix.hpp"

namespace mapnet {

/// A random orthonormal matrix [n, n] from the seed: `which` tells those of one map apart. Columns
/// of a map that were turned by one are alike: a step along any latent changes the network about as
/// much, which is what Adam, whose steps are as long along each, wants.
SquareMatrix random_rotation(std::size_t n, std::uint64_t seed, std::uint32_t which);

}  // namespace mapnet
