#include "export/int8_chain.hpp"

#include <algorithm>
#include <cmath>

#include "common/error.hpp"
#include "device/ops/fake_quantize.hpp"
#include "nets/int8.hpp"
#include "nets/join.hpp"

namespace mapnet {

namespace {

using Op = ForwardTrace::Op;

/// Products of two int8 values that a 32-bit sum can take, whatever they are.
constexpr std::size_t kMostProducts = 0x7fffffff / (127 * 127);

std::size_t product(int a, int b, int c) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b) * static_cast<std::size_t>(c);
}

int pooled(int size, int kernel, const ChainLayer& l) {
  return ((size + 2 * l.padding - kernel) / l.stride + 1) / l.pool;
}

int pooled_height(const ChainLayer& l) { return pooled(l.height, l.kernel_height, l); }
int pooled_width(const ChainLayer& l) { return pooled(l.width, l.kernel_width, l); }

/// Throws Error unless the op is one of a chain's.
void check_op(const Network& net, const Op& op, int index) {
  const bool convolves = op.layer.kind == Layer::Kind::conv;
  if (!convolves && op.layer.kind != Layer::Kind::linear)
    fail(
        "network {}: its layer {} has no form in C; convolutions with ReLU and max-pooling joined "
        "to "
        "them and fully connected layers have (as in cnn1, cnn2)",
        net.name, op.layer.name);
  if (op.inputs.front() != index - 1)
    fail("network {}: {} reads another layer than the one before it; in C there is none", net.name,
         op.layer.name);
}

void check_image_classifier(const TrainedNetwork& network) {
  const Network& net = network.net;
  if (network.pixels.mean.empty() || net.task != Task::classify)
    fail("network {}: C headers are for classifiers of images", net.name);
}

std::vector<std::int8_t> pixel_table(const TrainedNetwork& network, float range) {
  std::vector<std::int8_t> table;
  for (std::size_t c = 0; c < network.pixels.mean.size(); ++c) {
    const PixelScale of = pixel_scale(network.pixels, c);
    for (int pixel = 0; pixel < 256; ++pixel) {
      const float x = static_cast<float>(pixel) * of.scale + of.shift;
      table.push_back(static_cast<std::int8_t>(int8_integer(x, range)));
    }
  }
  return table;
}

/// A layer without its numbers, and whether it has a bias.
struct ShapedOp {
  ChainLayer layer;
  bool bias;
};

/// The layers that a chain of this network has. Throws Error where it is no chain.
std::vector<ShapedOp> shaped_ops(const TrainedNetwork& network) {
  const Network& net = network.net;
  check_image_classifier(network);
  std::vector<ShapedOp> ops;
  int c = net.channels, h = net.height, w = net.width;
  for (const Op& op : join_layers(net)) {
    check_op(net, op, static_cast<int>(ops.size()));
    const bool convolves = op.layer.kind == Layer::Kind::conv;
    ChainLayer l;
    l.name = op.layer.name;
    l.channels = c, l.height = h, l.width = w;
    l.outputs = op.layer.out;
    l.kernel_height = convolves ? op.layer.kernel : h;
    l.kernel_width = convolves ? op.layer.kernel : w;
    if (convolves) l.stride = op.layer.stride, l.padding = op.layer.padding;
    l.pool = std::max(op.pool, 1);
    l.relu = op.relu;
    if (product(c, l.kernel_height, l.kernel_width) > kMostProducts)
      fail("network {}: {} sums more products than 32 bits can take", net.name, l.name);
    c = l.outputs, h = pooled_height(l), w = pooled_width(l);
    ops.push_back({std::move(l), op.layer.bias});
  }
  return ops;
}

/// What 1 stands for in int8 values of a range: 0 where there were none but zeros.
float step(float range) { return range > 1e-30f ? range / 127.0f : 0.0f; }
float quantize_by(float range) { return range > 1e-30f ? 127.0f / range : 0.0f; }

void add_numbers(ChainLayer& l, const TrainedNetwork& network, bool bias, float range) {
  const auto rows = static_cast<std::size_t>(l.outputs);
  Int8Weight int8 = quantize_weight(network.weight(network.net.param(l.name + ".weight")), rows);
  l.weight = std::move(int8.q);
  for (const float of_row : int8.ranges) l.scale.push_back(step(range) * step(of_row));
  if (!bias) return;
  const auto values = network.weight(network.net.param(l.name + ".bias"));
  l.bias.assign(values.begin(), values.end());
}

}  // namespace

std::size_t ChainLayer::input_size() const { return product(channels, height, width); }

std::size_t ChainLayer::output_size() const {
  return product(outputs, pooled_height(*this), pooled_width(*this));
}

std::size_t Int8Chain::scratch_bytes() const {
  std::size_t most = 0;
  for (const ChainLayer& l : layers) {
    const bool last = &l == &layers.back();  // whose logits lie elsewhere
    most = std::max(most, l.input_size() + (last ? 0 : l.output_size()));
  }
  return most;
}

void check_chain(const TrainedNetwork& network) { shaped_ops(network); }

Int8Chain int8_chain(const TrainedNetwork& network, std::span<const float> ranges) {
  std::vector<ShapedOp> ops = shaped_ops(network);
  Int8Chain chain;
  chain.pixels = pixel_table(network, ranges.front());
  for (auto& [l, bias] : ops) {
    const auto index = chain.layers.size();
    add_numbers(l, network, bias, ranges[index]);
    l.quantize = index + 1 < ranges.size() ? quantize_by(ranges[index + 1]) : 0.0f;
    chain.layers.push_back(std::move(l));
  }
  return chain;
}

}  // namespace mapnet
