#pragma once

#include <vector>

#include "nets/network.hpp"

/// The networks there are, a function each in a file a family. A new one is declared here and
/// listed in catalogue.cpp.
namespace mapnet {

std::vector<Layer> cnn1_layers(const NetworkInput& input);
std::vector<Layer> cnn2_layers(const NetworkInput& input);
std::vector<Layer> cnn3_layers(const NetworkInput& input);
std::vector<Layer> resnet18_layers(const NetworkInput& input);
std::vector<Layer> resnet18_cifar_layers(const NetworkInput& input);
std::vector<Layer> resnet50_layers(const NetworkInput& input);

/// A stack of `n_layers` and a fully connected layer behind the last step.
std::vector<Layer> lstm_layers(const NetworkInput& input, int n_layers, int hidden);

}  // namespace mapnet
