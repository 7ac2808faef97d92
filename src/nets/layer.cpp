#include "nets/layer.hpp"

#include <utility>

namespace mapnet {

using Kind = Layer::Kind;

Layer conv(std::string name, int out_channels, int kernel, int padding, int stride, bool bias) {
  Layer layer = {Kind::conv, std::move(name), out_channels, kernel, padding, stride};
  layer.bias = bias;
  return layer;
}

Layer conv_transpose(std::string name, int out_channels, int kernel) {
  return {Kind::conv_transpose, std::move(name), out_channels, kernel, 0, kernel};
}

Layer batch_norm(std::string name, std::string part_of) {
  Layer layer = {Kind::batch_norm, std::move(name)};
  layer.part_of = std::move(part_of);
  return layer;
}

Layer relu() { return {Kind::relu}; }

Layer max_pool(int kernel, int stride, int padding) {
  return {Kind::max_pool, {}, 0, kernel, padding, stride > 0 ? stride : kernel};
}

Layer global_avg_pool() { return {Kind::global_avg_pool}; }

Layer add(std::string a, std::string b) {
  Layer layer = {Kind::add};
  layer.from = {std::move(a), std::move(b)};
  return layer;
}

Layer concat(std::string a, std::string b) {
  Layer layer = {Kind::concat};
  layer.from = {std::move(a), std::move(b)};
  return layer;
}

Layer linear(std::string name, int out_features, bool bias) {
  Layer layer = {Kind::linear, std::move(name), out_features};
  layer.bias = bias;
  return layer;
}

Layer lstm(std::string name, int index, int hidden, bool last_only) {
  Layer layer = {Kind::lstm, std::move(name), hidden};
  layer.index = index;
  layer.last_only = last_only;
  layer.gain = 1.0 / 3.0;  // PyTorch's uniform within 1 / sqrt(H), whatever the width of the input
  return layer;
}

Layer named(Layer layer, std::string name) {
  layer.name = std::move(name);
  return layer;
}

Layer reading(Layer layer, std::string from) {
  layer.from = {std::move(from)};
  return layer;
}

}  // namespace mapnet
