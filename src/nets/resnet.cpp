#include <string>

#include "nets/catalogue.hpp"

/// He et al. 2015, in torchvision's layout and under its names.
namespace mapnet {

namespace {

using Layers = std::vector<Layer>;

/// A convolution without a bias and its normalisation; the value is called as the latter.
void add_conv_norm(Layers& layers, const std::string& conv_name, const std::string& norm_name,
                   int channels, int kernel, int stride) {
  layers.push_back(conv(conv_name, channels, kernel, kernel / 2, stride, false));
  layers.push_back(batch_norm(norm_name, conv_name));
}

/// What a stage is made of. The last width is what a block passes on.
struct Block {
  std::vector<int> kernels;
  int strided = 0;    ///< which of its convolutions has the block's stride
  int expansion = 1;  ///< of the last convolution's channels
};
const Block kBasic = {{3, 3}, 0, 1};
const Block kBottleneck = {{1, 3, 1}, 1, 4};

/// One residual block reading the value `from`; returns its value's name.
std::string add_block(Layers& layers, const Block& block, const std::string& name,
                      const std::string& from, int width, int stride, bool project) {
  const std::size_t last = block.kernels.size() - 1;
  std::string body;
  for (std::size_t i = 0; i <= last; ++i) {
    const std::string number = std::to_string(i + 1);
    body = name + ".bn" + number;
    add_conv_norm(layers, name + ".conv" + number, body,
                  i == last ? width * block.expansion : width, block.kernels[i],
                  static_cast<int>(i) == block.strided ? stride : 1);
    if (i < last) layers.push_back(relu());
  }
  std::string shortcut = from;
  if (project) {
    shortcut = name + ".downsample.1";
    const std::size_t at = layers.size();
    add_conv_norm(layers, name + ".downsample.0", shortcut, width * block.expansion, 1, stride);
    layers[at].from = {from};
  }
  layers.push_back(named(add(body, shortcut), name + ".add"));
  layers.push_back(named(relu(), name + ".relu"));
  return name + ".relu";
}

void add_stages(Layers& layers, const Block& block, const int (&counts)[4], const std::string& from,
                int channels) {
  std::string value = from;
  for (int stage = 0; stage < 4; ++stage) {
    const int width = 64 << stage;
    for (int i = 0; i < counts[stage]; ++i) {
      const int stride = i == 0 && stage > 0 ? 2 : 1;
      const bool project = stride != 1 || channels != width * block.expansion;
      value =
          add_block(layers, block, "layer" + std::to_string(stage + 1) + "." + std::to_string(i),
                    value, width, stride, project);
      channels = width * block.expansion;
    }
  }
}

/// The stem for photographs: a quarter of the height and width reach the first stage.
void add_imagenet_stem(Layers& layers) {
  add_conv_norm(layers, "conv1", "bn1", 64, 7, 2);
  layers.push_back(relu());
  layers.push_back(named(max_pool(3, 2, 1), "stem"));
}

/// The stem for 32x32 images: nothing is lost in front of the first stage.
void add_cifar_stem(Layers& layers) {
  add_conv_norm(layers, "conv1", "bn1", 64, 3, 1);
  layers.push_back(named(relu(), "stem"));
}

Layers finished(Layers layers, const Block& block, const int (&counts)[4], int classes) {
  add_stages(layers, block, counts, "stem", 64);
  layers.push_back(global_avg_pool());
  layers.push_back(linear("fc", classes));
  return layers;
}

}  // namespace

/// ResNet-18: 11,689,512 parameters for 1,000 classes.
std::vector<Layer> resnet18_layers(const NetworkInput& input) {
  Layers layers;
  add_imagenet_stem(layers);
  return finished(std::move(layers), kBasic, {2, 2, 2, 2}, input.classes);
}

/// ResNet-18 for CIFAR: 11,173,962 parameters for 10 classes.
std::vector<Layer> resnet18_cifar_layers(const NetworkInput& input) {
  Layers layers;
  add_cifar_stem(layers);
  return finished(std::move(layers), kBasic, {2, 2, 2, 2}, input.classes);
}

/// ResNet-50: 25,557,032 parameters for 1,000 classes.
std::vector<Layer> resnet50_layers(const NetworkInput& input) {
  Layers layers;
  add_imagenet_stem(layers);
  return finished(std::move(layers), kBottleneck, {3, 4, 6, 3}, input.classes);
}

}  // namespace mapnet
