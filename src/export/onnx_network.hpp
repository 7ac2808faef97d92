#pragma once

#include <span>

#include "export/onnx_model.hpp"
#include "export/trained_network.hpp"

namespace mapnet::onnx {

/// A network as an ONNX model: "input" [batch, C, H, W] of pixels as uint8, 0 to 255, which the
/// graph itself standardises, or where the network is of other values float32; of a forecast
/// windows [batch, T, F]. "logits" [batch, K] or [batch, K, H, W]; "forecast" [batch, K].
/// Initializers have PyTorch's names. `ranges`: what enters each weighted layer
/// (Session::calibrate) for int8, empty for float32. Throws Error for a window that is read as an
/// image is.
Model onnx_model(const TrainedNetwork& network, std::span<const float> ranges = {});

}  // namespace mapnet::onnx
