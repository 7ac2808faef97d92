#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mapnet {

/// Of rows of `n` values: subtracts from each column its mean over the rows that `samples` lists
/// and divides it by its standard deviation over them. A column that never changes there becomes 0.
/// The sums are taken in the order of the rows, whatever that of `samples`.
void standardise(std::span<float> values, std::size_t n, std::span<const std::uint32_t> samples);

}  // namespace mapnet
