#include "nets/network.hpp"

#include <utility>

#include "common/error.hpp"

namespace mapnet {

Layer conv(std::string name, int out_channels, int kernel, int padding) {
  return {Layer::Kind::conv, std::move(name), out_channels, kernel, padding};
}
Layer relu() { return {Layer::Kind::relu}; }
Layer max_pool(int kernel) { return {Layer::Kind::max_pool, {}, 0, kernel}; }
Layer linear(std::string name, int out_features, bool bias) {
  Layer layer = {Layer::Kind::linear, std::move(name), out_features};
  layer.bias = bias;
  return layer;
}

std::size_t Network::param_count() const {
  return params.empty() ? 0 : params.back().offset + params.back().size;
}

namespace {

void add_param(Network& net, const Layer& layer, const char* what, std::vector<int> shape,
               int fan_in) {
  ParamTensor p;
  p.layer = layer.part_of.empty() ? layer.name : layer.part_of;
  p.name = layer.name + "." + what;
  p.is_bias = shape.size() == 1;
  p.offset = net.param_count();
  p.size = 1;
  for (int extent : shape) p.size *= static_cast<std::size_t>(extent);
  p.shape = std::move(shape);
  p.fan_in = fan_in;
  p.gain = layer.gain;
  net.params.push_back(std::move(p));
}

}  // namespace

Network make_network(std::string name, int channels, int height, int width, int classes,
                     std::vector<Layer> layers) {
  Network net;
  net.name = std::move(name);
  net.channels = channels;
  net.height = height;
  net.width = width;
  net.classes = classes;
  int c = channels, h = height, w = width;
  for (const Layer& layer : layers) {
    switch (layer.kind) {
      case Layer::Kind::conv: {
        const int fan_in = c * layer.kernel * layer.kernel;
        add_param(net, layer, "weight", {layer.out, c, layer.kernel, layer.kernel}, fan_in);
        add_param(net, layer, "bias", {layer.out}, fan_in);
        c = layer.out;
        h += 2 * layer.padding - layer.kernel + 1;
        w += 2 * layer.padding - layer.kernel + 1;
        break;
      }
      case Layer::Kind::linear: {
        const int fan_in = c * h * w;
        add_param(net, layer, "weight", {layer.out, fan_in}, fan_in);
        if (layer.bias) add_param(net, layer, "bias", {layer.out}, fan_in);
        c = layer.out, h = w = 1;
        break;
      }
      case Layer::Kind::max_pool:
        h /= layer.kernel, w /= layer.kernel;
        break;
      case Layer::Kind::relu:
        break;
    }
    if (h < 1 || w < 1)
      fail("network {}: an input of {}x{} is too small: nothing is left after {}", net.name, height,
           width, layer.name.empty() ? "pooling" : layer.name);
  }
  if (c != classes || h != 1 || w != 1)
    fail("network {}: ends in [{}, {}, {}], expected {} classes", net.name, c, h, w, classes);
  net.layers = std::move(layers);
  return net;
}

}  // namespace mapnet
