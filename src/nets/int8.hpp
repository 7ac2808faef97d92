#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nets/network.hpp"

/// A network in int8: weights with a scale for each row, which is an output channel or, of a
/// transposed convolution, an input channel; what enters a layer with a scale a layer; biases and
/// sums in full precision.
namespace mapnet {

/// A weight as int8 holds it: row i's values are q * ranges[i] / 127.
struct Int8Weight {
  std::vector<std::int8_t> q;  ///< [size of the tensor]
  std::vector<float> ranges;   ///< [rows]: the largest magnitude of each
};
Int8Weight quantize_weight(std::span<const float> weight, std::size_t rows);

/// theta [P] with each weight as int8 holds it (device/ops/fake_quantize.hpp), its range the
/// largest magnitude of its row. Biases are unchanged, and zeros stay zero.
std::vector<float> int8_weights(std::span<const float> theta, const Network& net);

/// Layers with weights, in order: as many ranges of activations.
std::size_t weighted_layers(const Network& net);

/// Bytes of the network in int8: a byte a weight; a float a bias, a normalisation's parameter and
/// running statistic, a row's scale and a layer's input scale.
std::size_t int8_bytes(const Network& net);

}  // namespace mapnet
