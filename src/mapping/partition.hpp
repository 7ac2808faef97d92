#pragma once

#include <cstddef>
#include <vector>

#include "mapping/targets.hpp"

/// Which stretch of z generates which stretch of a map's outputs (section 2.4 of the paper). Given
/// a network instead of targets, the outputs are its theta.
namespace mapnet {

/// One block for all outputs. Throws UsageError when latents is 0 or more than the parameters that
/// they move.
std::vector<MapBlock> single_latent_blocks(const Targets& targets, std::size_t latents);
std::vector<MapBlock> single_latent_blocks(const Network& net, std::size_t latents);

/// A block a layer (its weight and its bias), with the given numbers of latents in layer order.
/// Throws UsageError when there are not as many as layers, or one is 0 or more than its parameters.
std::vector<MapBlock> layer_wise_blocks(const Targets& targets,
                                        const std::vector<std::size_t>& latents);
std::vector<MapBlock> layer_wise_blocks(const Network& net,
                                        const std::vector<std::size_t>& latents);

/// Splits `total` over parts in proportion to the square root of their `sizes`, at least 1 each (so
/// `total` is at least their number) and at most `most`, whose sum is at least `total`.
std::vector<std::size_t> share_out(std::size_t total, const std::vector<std::size_t>& sizes,
                                   const std::vector<std::size_t>& most);

/// Splits `total` over the layers in proportion to the square root of their output counts, at least
/// 1 and at most all of a layer's parameters; what a capped layer cannot take, the others
/// share. The paper does not say how it splits.
std::vector<std::size_t> allot_latents(const Targets& targets, std::size_t total);
std::vector<std::size_t> allot_latents(const Network& net, std::size_t total);

}  // namespace mapnet
