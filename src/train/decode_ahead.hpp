#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "data/dataset.hpp"
#include "data/prefetch.hpp"

namespace mapnet {

/// What decoding cost a run.
struct DecodeTimes {
  double seconds = 0;         ///< that decoding ran
  double waited_seconds = 0;  ///< that the run stood still for it, of these and a little more
};

/// Brings a data set's pictures to where a run has its samples, decoded on other threads in the
/// order in which the run first needs them. A sample has its place whenever it arrives: what is
/// computed does not depend on timing.
class DecodeAhead {
 public:
  /// Puts a sample where it belongs, on the thread that calls require.
  using Place = std::function<void(std::uint32_t sample, std::span<const std::uint8_t> pixels,
                                   std::span<const std::uint8_t> labels)>;

  /// `order`: the sample at each position. With `at_once` decoding begins now, with all positions
  /// in turn; else with what is first required, and it alone.
  DecodeAhead(const Dataset& dataset, std::span<const std::uint32_t> order, bool at_once,
              Place place);

  /// Returns when the samples at positions begin ... end - 1 are placed. Throws what decoding them,
  /// or a sample before them, threw.
  void require(std::size_t begin, std::size_t end);

  /// Decoded samples there is room for.
  static std::size_t samples_ahead();

  bool done() const { return placed_count_ == placed_.size(); }
  DecodeTimes times() { return {prefetcher_->decode_seconds(), prefetcher_->waited_seconds()}; }

 private:
  void start(std::vector<std::uint32_t> positions);
  void take();
  void decode(std::uint32_t chunk, std::span<std::uint8_t> slot) const;
  std::span<const std::uint32_t> positions_of(std::uint32_t chunk) const;

  const Dataset dataset_;
  const std::vector<std::uint32_t> order_;
  const Place place_;
  const std::size_t pixels_, labels_;  // bytes a sample
  std::vector<bool> placed_;           // by position
  std::size_t placed_count_ = 0;
  std::vector<std::uint32_t> positions_;  // being decoded, in chunks
  std::vector<std::uint32_t> chunks_;     // their numbers
  std::size_t taken_ = 0;                 // of them
  std::vector<std::uint8_t> slots_;
  std::unique_ptr<Prefetcher> prefetcher_;  // last: it ends before what it uses
};

}  // namespace mapnet
