#pragma once

#include <vector>

#include "train/maps/map_source.hpp"

namespace mapnet {

/// U [rows, left] and V [cols, right] of one matrix, row-major, columns orthonormal.
struct KroneckerFactors {
  std::vector<float> left, right;
};

/// Of each matrix the main directions of its gradients' sides: eigenvectors of the sums of G G^T
/// and G^T G over `sketches` gradients G = J^T v, the largest first.
/// Of a fully connected layer and one sample G = g a^T, and they are the second
/// moments of the output's gradients g and of the inputs a, each weighted by the other's square
/// (the factors of K-FAC, Martens and Grosse 2015; with sums over positions of a convolution, or
/// samples of a batch, those of Shampoo, Gupta et al. 2018).
std::vector<KroneckerFactors> learn_factors(MapSource& source, const MapDesc& map,
                                            std::size_t sketches, int threads);

}  // namespace mapnet
