#pragma once

#include <cstddef>
#include <vector>

#include "device/ops/map.hpp"
#include "nets/network.hpp"

/// Which stretch of z generates which stretch of theta (section 2.4 of the paper).
namespace mapnet {

/// One block for all of theta. Throws UsageError when latents is 0 or more than the parameters.
std::vector<MapBlock> single_latent_blocks(const Network& net, std::size_t latents);

/// A block a layer (its weight and its bias), with the given numbers of latents in layer order.
/// Throws UsageError when there are not as many as layers, or one is 0 or more than its parameters.
std::vector<MapBlock> layer_wise_blocks(const Network& net,
                                        const std::vector<std::size_t>& latents);

/// Splits `total` over the layers in proportion to the square root of their parameter counts, at
/// least 1 and at most all of a layer's parameters; what a capped layer cannot take, the others
/// share. The paper does not say how it splits.
std::vector<std::size_t> allot_latents(const Network& net, std::size_t total);

}  // namespace mapnet
