#pragma once

#include <cstdint>
#include <span>

#include "train/run_schedule.hpp"

namespace mapnet {

/// Fills order [counts.total()] for an epoch: a permutation of the training samples, then the
/// validation samples (cut from the same `train + validation` samples, the same ones in every
/// epoch), then the test samples in their own order. A pure function of (counts, seed, epoch).
void fill_sample_order(std::span<std::uint32_t> order, const SampleCounts& counts,
                       std::uint64_t seed, std::uint32_t epoch);

}  // namespace mapnet
