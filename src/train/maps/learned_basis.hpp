#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/nameless_file.hpp"
#include "data/dataset.hpp"
#include "train/maps/kronecker_factors.hpp"
#include "train/maps/learned_map_facts.hpp"

namespace mapnet {

/// Where a map is learned, or learned again, of a run that refreshes it.
struct LearnedRound {
  std::size_t number = 0;
  std::span<const float> start = {};  ///< theta [P] to learn at; empty: where the run begins
  int process = 0;                    ///< which of its machine's the run is (open_device)
};

/// A learned map's orthonormal W, or its Kronecker factors, as `recipe` says: the same bits from
/// the same seed, data and recipe on one machine. W lies in a temporary file until its owner has
/// put it where the map's steps read it.
class LearnedBasis {
 public:
  /// Throws Error where data, disk or memory do not suffice, UsageError, before it learns, for more
  /// rows than can be decomposed.
  LearnedBasis(const Recipe& recipe, const Network& net, const Dataset& dataset, const MapDesc& map,
               const LearnedRound& round = {});

  /// Writes it into the buffers of a program that were set up for it.
  void load_into(const Program& program, const MapState& state) const;

  const LearnedMapFacts& facts() const { return facts_; }

 private:
  void learn_rows(const Recipe& recipe, const Network& net, const Dataset& dataset,
                  const LearnedRound& round);
  void take_costs(const LearningRows& rows);
  void take_rows(const MapBlock& block, std::size_t first, std::span<const float> rows);
  void load_block(const Program& program, const MapState& state, std::size_t index) const;

  MapDesc map_;
  std::unique_ptr<NamelessFile> file_;     // W of all blocks [rows, ld]; none of a Kronecker map
  std::vector<std::size_t> block_bytes_;   // where each block's begins in it
  std::vector<KroneckerFactors> factors_;  // of a Kronecker map
  LearnedMapFacts facts_;
};

}  // namespace mapnet
