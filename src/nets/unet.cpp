#include "nets/catalogue.hpp"

namespace mapnet {

namespace {

using Layers = std::vector<Layer>;

void add_conv_norm_relu(Layers& layers, const std::string& block, int index, int channels) {
  const std::string name = block + ".conv" + std::to_string(index);
  layers.push_back(conv(name, channels, 3, 1));
  layers.push_back(batch_norm(block + ".bn" + std::to_string(index), name));
  layers.push_back(named(relu(), block + ".relu" + std::to_string(index)));
}

void add_double_conv(Layers& layers, const std::string& block, int channels) {
  add_conv_norm_relu(layers, block, 1, channels);
  add_conv_norm_relu(layers, block, 2, channels);
}

/// Up-samples, puts the encoder's value of the same size beside it, and mixes the two.
void add_decoder(Layers& layers, int level, int channels) {
  const std::string block = "dec" + std::to_string(level);
  layers.push_back(conv_transpose(block + ".up", channels, 2));
  layers.push_back(concat(block + ".up", "enc" + std::to_string(level) + ".relu2"));
  add_conv_norm_relu(layers, block, 1, channels);
}

}  // namespace

/// CNN3, U-Net-like: 1,734,803 parameters for 3 channels and 19 classes. Height and width are
/// multiples of 8.
std::vector<Layer> cnn3_layers(const NetworkInput& input) {
  constexpr int kChannels[] = {32, 64, 128};
  Layers layers;
  for (int level = 1; level <= 3; ++level) {
    add_double_conv(layers, "enc" + std::to_string(level), kChannels[level - 1]);
    layers.push_back(max_pool(2));
  }
  add_double_conv(layers, "bottleneck", 256);
  for (int level = 3; level >= 1; --level) add_decoder(layers, level, kChannels[level - 1]);
  layers.push_back(conv("head", input.classes, 1, 0));
  return layers;
}

}  // namespace mapnet
