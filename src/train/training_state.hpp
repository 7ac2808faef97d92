#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "train/pixel_statistics.hpp"

namespace mapnet {

/// Bytes of a buffer that one step leaves to the next.
struct CarriedBuffer {
  std::string name;
  std::string bytes;
};

/// All that the rest of a training depends on, between two steps: what is fixed is built again from
/// the recipe.
struct TrainingState {
  std::int64_t epoch = 0;     ///< from 0
  std::int64_t step = 0;      ///< within it: steps done; all of them: it was not yet evaluated
  std::size_t refreshes = 0;  ///< of the map
  bool pruned = false;
  std::uint32_t map_checksum = 0;  ///< of a learned map, which is built again, too; else 0
  double map_seconds = 0;  ///< of learning it, in every round so far; 0: none, or of a file without
  PixelStatistics pixels;  ///< measured, not carried: other ones mean other data
  std::uint32_t series_checksum =
      0;  ///< likewise, of the values of a series or of features; else 0
  std::uint32_t labels_checksum = 0;  ///< likewise, of pictures those of the samples that are
                                      ///< measured; 0: none, or of a file without it
  std::vector<CarriedBuffer> buffers;
};

}  // namespace mapnet
