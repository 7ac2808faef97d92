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

// clang-format on

}  // namespace mapnet::reference
