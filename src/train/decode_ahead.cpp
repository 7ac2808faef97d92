#include "train/decode_ahead.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "data/each.hpp"

namespace mapnet {

namespace {

/// Samples that are decoded together, each on a thread while there are any, and chunks ahead.
constexpr std::size_t kChunk = 8, kChunksAhead = 4;

}  // namespace

DecodeAhead::DecodeAhead(const Dataset& dataset, std::span<const std::uint32_t> order, bool at_once,
                         Place place)
    : dataset_(dataset),
      order_(order.begin(), order.end()),
      place_(std::move(place)),
      pixels_(static_cast<std::size_t>(dataset.channels * dataset.height * dataset.width)),
      labels_(labels_per_sample(dataset)),
      placed_(order.size()),
      slots_(kChunksAhead * kChunk * (pixels_ + labels_)),
      prefetcher_(std::make_unique<Prefetcher>(
          slots_, kChunksAhead,
          [this](std::uint32_t chunk, std::span<std::uint8_t> slot) { decode(chunk, slot); })) {
  if (!at_once) return;
  std::vector<std::uint32_t> all(order_.size());
  std::iota(all.begin(), all.end(), 0u);
  start(std::move(all));
}

std::size_t DecodeAhead::samples_ahead() { return kChunksAhead * kChunk; }

void DecodeAhead::require(std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < end; ++at) {
    if (placed_[at]) continue;
    if (taken_ == chunks_.size()) {
      std::vector<std::uint32_t> missing;
      for (std::size_t i = at; i < end; ++i)
        if (!placed_[i]) missing.push_back(static_cast<std::uint32_t>(i));
      start(std::move(missing));
    }
    while (!placed_[at]) take();
  }
}

/// Only when the last list is finished: nobody reads it any more.
void DecodeAhead::start(std::vector<std::uint32_t> positions) {
  positions_ = std::move(positions);
  chunks_.resize((positions_.size() + kChunk - 1) / kChunk);
  std::iota(chunks_.begin(), chunks_.end(), 0u);
  taken_ = 0;
  prefetcher_->begin(chunks_);
}

std::span<const std::uint32_t> DecodeAhead::positions_of(std::uint32_t chunk) const {
  const std::size_t first = chunk * kChunk;
  return std::span(positions_).subspan(first, std::min(kChunk, positions_.size() - first));
}

void DecodeAhead::decode(std::uint32_t chunk, std::span<std::uint8_t> slot) const {
  const auto positions = positions_of(chunk);
  each_of(positions.size(), decoding_threads(), [&](std::size_t i) {
    const auto sample = slot.subspan(i * (pixels_ + labels_), pixels_ + labels_);
    decode_sample(dataset_, order_[positions[i]], sample.first(pixels_), sample.last(labels_));
  });
}

void DecodeAhead::take() {
  const std::span<const std::uint8_t> slot = prefetcher_->next();
  const auto positions = positions_of(static_cast<std::uint32_t>(taken_++));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto sample = slot.subspan(i * (pixels_ + labels_), pixels_ + labels_);
    place_(order_[positions[i]], sample.first(pixels_), sample.last(labels_));
    placed_[positions[i]] = true;
  }
  placed_count_ += positions.size();
}

}  // namespace mapnet
