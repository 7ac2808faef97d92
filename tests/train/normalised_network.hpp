#pragma once

#include "nets/network.hpp"

namespace mapnet::test {

/// A network of toy digits with running statistics, of which each step takes a moment.
inline Network normalised_network() {
  const NetworkInput input = {1, 28, 28, 10};
  return make_network("normalised", Task::classify, input,
                      {conv("conv1", 4, 7, 0, 7, false), batch_norm("bn1", "conv1"), relu(),
                       linear("fc", input.classes)});
}

}  // namespace mapnet::test
