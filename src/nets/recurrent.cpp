#include "nets/catalogue.hpp"

namespace mapnet {

/// The paper's forecaster is lstm-2x32: 12,961 parameters for one feature, as has lstm-1x32 for 67.
std::vector<Layer> lstm_layers(const NetworkInput& input, int n_layers, int hidden) {
  std::vector<Layer> layers;
  for (int i = 0; i < n_layers; ++i) layers.push_back(lstm("lstm", i, hidden, i == n_layers - 1));
  layers.push_back(linear("fc", input.classes));
  layers.back().gain = 1.0 / 3.0;  // PyTorch's: no ReLU in front whose loss He's gain makes up for
  return layers;
}

}  // namespace mapnet
