#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nets/network.hpp"

/// Low-rank fully connected layers (table 8's "LRD"): W [O, I] becomes U V, V [r, I] and U [O, r],
/// two layers of a network like any other, so that a mapping generates U and V instead of W.
namespace mapnet {

/// A layer to factor and its rank r.
struct LowRank {
  std::string layer;
  int rank = 0;
};

/// "fc1:32,fc2:4"; nothing for an empty text. Throws UsageError naming --lrd.
std::vector<LowRank> parse_low_rank(std::string_view text);
std::string to_string(const std::vector<LowRank>& factors);

/// The network with each named layer replaced by "<layer>.v" (rank outputs, no bias, nothing behind
/// it) and "<layer>.u" (the layer's outputs and bias). Both still count as the one layer they were:
/// layer-wise training gives them one z. Throws UsageError naming --lrd for a layer that is not
/// there or not fully connected, and for a rank that would not make it smaller.
Network with_low_rank(const Network& net, const std::vector<LowRank>& factors);

}  // namespace mapnet
