#include "nets/catalogue.hpp"

namespace mapnet {

/// CNN1, AlexNet-like: 537,994 parameters for 1x28x28 and 10 classes.
std::vector<Layer> cnn1_layers(const NetworkInput& input) {
  return {conv("conv1", 32, 3, 1),
          relu(),
          max_pool(2),
          conv("conv2", 64, 3, 1),
          relu(),
          max_pool(2),
          conv("conv3", 128, 3, 1),
          relu(),
          conv("conv4", 128, 3, 1),
          relu(),
          max_pool(2),
          linear("fc1", 256),
          relu(),
          linear("fc2", input.classes)};
}

/// CNN2, LeNet-like: 108,618 parameters for 1x28x28 and 10 classes.
std::vector<Layer> cnn2_layers(const NetworkInput& input) {
  return {conv("conv1", 16, 3, 0), relu(), max_pool(2),
          conv("conv2", 32, 3, 0), relu(), max_pool(2),
          linear("fc1", 128),      relu(), linear("fc2", input.classes)};
}

}  // namespace mapnet
