#pragma once

#include <vector>

#include "train/maps/learning_rows.hpp"

namespace mapnet {

/// U [rows, left] and V [cols, right] of one matrix, row-major, columns orthonormal.
struct KroneckerFactors {
  std::vector<float> left, right;
};

/// Of each matrix the main directions of its two sides: eigenvectors of the sums of G G^T and
/// G^T G, the largest first, over rows G.
/// Where they are gradients J^T v of single samples, a fully connected layer's is G = g a^T, and
/// the sums are the second moments of the output's gradients g and of the inputs a, each weighted
/// by the other's square (the factors of K-FAC, Martens and Grosse 2015; with sums over positions
/// of a convolution those of Shampoo, Gupta et al. 2018). Of a batch G is the sum over its samples:
/// each has a v of its own, so that products of two samples' gradients are zero on average and
/// leave the moments those of single samples, under the statistics that a batch is normalised with.
/// Where they are what a direct training has come away from its start, G is a sum of such products
/// over its steps: the sides of what was trained (the factors of its Tucker decomposition, De
/// Lathauwer et al. 2000).
/// Directions that no row has are the null vectors that LAPACK finds. Throws Error naming the
/// matrix where it has zeros alone.
std::vector<KroneckerFactors> learn_factors(LearningRows& rows, const MapDesc& map, int threads);

}  // namespace mapnet
