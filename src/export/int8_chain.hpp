#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "export/trained_network.hpp"

namespace mapnet {

/// A layer as examples/microcontroller/int8_network.h has it: a convolution, or a fully connected
/// layer as one whose kernel is as large as its input.
struct ChainLayer {
  std::string name;
  int channels = 0, height = 0, width = 0;  ///< of its input
  int outputs = 0, kernel_height = 0, kernel_width = 0, stride = 1, padding = 0;
  int pool = 1;  ///< window of the max-pooling behind it; 1: none
  bool relu = false;
  std::vector<std::int8_t> weight;
  std::vector<float> scale;  ///< [outputs]: of a sum of products
  std::vector<float> bias;   ///< [outputs], or empty
  float quantize = 0;        ///< what makes int8 of a result; of the last layer 0

  std::size_t input_size() const;
  std::size_t output_size() const;  ///< behind the pooling
};

/// A network in int8 with 32-bit sums: each layer reads the one before it.
struct Int8Chain {
  std::vector<std::int8_t> pixels;  ///< [channels, 256]: each pixel's value
  std::vector<ChainLayer> layers;

  /// Bytes to run it in, where a layer reads at one end of them and writes at the other.
  std::size_t scratch_bytes() const;
};

/// Throws Error as check_c_form does.
void check_chain(const TrainedNetwork& network);
Int8Chain int8_chain(const TrainedNetwork& network, std::span<const float> ranges);

}  // namespace mapnet
