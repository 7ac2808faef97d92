#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset.hpp"
#include "train/pixel_statistics.hpp"

/// How inputs are scaled by the samples that a run trains on, for whoever has a session of some of
/// them alone. `trained`: those samples, in the order of the first epoch.
namespace mapnet {

/// What a session of the run measures, to the same bits. Reads the samples a few at a time; of
/// pictures that must be decoded it measures the first of the order, no more.
PixelStatistics measure_trained_pixels(const Dataset& dataset,
                                       std::span<const std::uint32_t> trained);

/// All vectors of features, the training samples' first, standardised by those listed.
std::vector<float> read_standardised(const Dataset& dataset,
                                     std::span<const std::uint32_t> trained);

}  // namespace mapnet
