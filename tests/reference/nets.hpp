#pragma once

#include "reference/net.hpp"

namespace mapnet::reference {

// clang-format off

/// AlexNet-like: 537,994 parameters.
inline Net cnn1() {
  using L = Layer;
  return {{1, 28, 28},
          {{L::conv, 32, 3, 1},  {L::relu}, {L::maxpool},  // 28 -> 14
           {L::conv, 64, 3, 1},  {L::relu}, {L::maxpool},  // 14 -> 7
           {L::conv, 128, 3, 1}, {L::relu},
           {L::conv, 128, 3, 1}, {L::relu}, {L::maxpool},  // 7 -> 3
           {L::linear, 256}, {L::relu}, {L::linear, 10}}};
}

/// LeNet-like: 108,618 parameters.
inline Net cnn2() {
  using L = Layer;
  return {{1, 28, 28},
          {{L::conv, 16, 3}, {L::relu}, {L::maxpool},  // 28 -> 26 -> 13
           {L::conv, 32, 3}, {L::relu}, {L::maxpool},  // 13 -> 11 -> 5
           {L::linear, 128}, {L::relu}, {L::linear, 10}}};
}

/// CNN2 with both fully connected layers as low-rank factors.
inline Net low_rank_cnn2(std::size_t fc1_rank, std::size_t fc2_rank) {
  using L = Layer;
  Net net = cnn2();
  net.layers.resize(6);
  for (const Layer& layer : {Layer{L::linear, fc1_rank, 0, 0, false}, Layer{L::linear, 128},
                             Layer{L::relu},
                             Layer{L::linear, fc2_rank, 0, 0, false}, Layer{L::linear, 10}})
    net.layers.push_back(layer);
  return net;
}

// clang-format on

}  // namespace mapnet::reference
