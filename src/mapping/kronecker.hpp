#pragma once

#include <vector>

#include "device/ops/map.hpp"
#include "mapping/targets.hpp"
#include "nets/network.hpp"

namespace mapnet {

/// The matrices of a Kronecker map whose blocks are `blocks`, a layer each: a weight [out, ...] is
/// a matrix [out, the rest], with its bias as one more column where the bias is as long; gamma and
/// beta of a normalisation are the two columns of one; what is left over has one column. A layer's
/// latents are shared out among its matrices as allot_latents does, and Z lies
/// between a square and the proportions of the matrix. Targets are parameters, one output each.
/// Throws UsageError where a layer has fewer latents than matrices.
std::vector<KroneckerMatrix> kronecker_matrices(const Network& net, const Targets& targets,
                                                const std::vector<MapBlock>& blocks);

}  // namespace mapnet
