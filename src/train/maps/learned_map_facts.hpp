#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace mapnet {

/// What a learned map cost and what it is, for reports and for whoever builds it again.
struct LearnedMapFacts {
  double seconds = 0;          ///< of building it, in every round so far
  std::size_t samples = 0;     ///< through the network and back for it, a time
  std::size_t values = 0;      ///< float32 numbers it is: W's, or those of all U and V
  std::uint32_t checksum = 0;  ///< CRC-32 of them
  std::string data_sha256;     ///< training_samples_sha256 of what it was learned from
};

}  // namespace mapnet
