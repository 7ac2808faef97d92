#include "train/sample_order.hpp"

#include <numeric>
#include <utility>

#include "device/random.hpp"

namespace mapnet {

namespace {

/// Fisher-Yates from the end; a 32-bit word times the bound, high half, picks the partner.
void shuffle(std::span<std::uint32_t> values, std::uint64_t seed, Stream stream,
             std::uint32_t block) {
  for (std::size_t i = values.size(); i > 1; --i) {
    const std::uint64_t draw = values.size() - i;
    const std::uint64_t word = random_words(seed, stream, draw / 4, block)[draw % 4];
    std::swap(values[i - 1], values[static_cast<std::size_t>((word * i) >> 32)]);
  }
}

}  // namespace

void fill_sample_order(std::span<std::uint32_t> order, const SampleCounts& counts,
                       std::uint64_t seed, std::uint32_t epoch) {
  std::iota(order.begin(), order.end(), 0u);
  if (counts.validation > 0 && !counts.chronological)
    shuffle(order.first(counts.train + counts.validation), counts.split_seed,
            Stream::validation_split, 0);
  shuffle(order.first(counts.train), seed, Stream::shuffle, epoch);
}

}  // namespace mapnet
