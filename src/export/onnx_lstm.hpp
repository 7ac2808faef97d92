#pragma once

#include <string>

#include "export/onnx_numbers.hpp"
#include "export/trained_network.hpp"

namespace mapnet::onnx {

/// Adds an LSTM layer over x [batch, T, F] and returns its value's name; that is [batch, T, H], or
/// [batch, H] where the last step alone is passed on. ONNX wants the gates in the order i, o, f, g
/// and one tensor for both biases: the initializers are PyTorch's tensors rearranged, and so called
/// "lstm.weight_ih_l0.iofg".
std::string add_lstm(GraphBuilder& graph, Numbers& numbers, const TrainedNetwork& network,
                     const Layer& layer, const std::string& x, std::string output);

}  // namespace mapnet::onnx
