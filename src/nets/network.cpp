#include "nets/network.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/error.hpp"

namespace mapnet {

namespace {

using Kind = Layer::Kind;
using Role = ParamTensor::Role;

struct Shape {
  int c, h, w;
  int features() const { return c * h * w; }
  bool operator==(const Shape&) const = default;
};

/// Builds the tables of a network layer by layer.
class Maker {
 public:
  Maker(Network& net, const NetworkInput& input)
      : net_(net), input_{input.channels, input.height, input.width} {}

  void add(Layer layer) {
    const int index = static_cast<int>(net_.layers.size());
    resolve_inputs(layer, index);
    const Shape out = shape_of(layer);
    if (out.h < 1 || out.w < 1)
      fail("network {}: an input of {}x{} is too small: nothing is left after {}", net_.name,
           input_.h, input_.w, what(layer));
    if (!layer.name.empty() && layer.kind != Kind::lstm &&
        !by_name_.emplace(layer.name, index).second)
      fail("network {}: two layers are called {}", net_.name, layer.name);
    shapes_.push_back(out);
    net_.layers.push_back(std::move(layer));
  }

  const Shape& output() const { return shapes_.empty() ? input_ : shapes_.back(); }

 private:
  static std::string what(const Layer& layer) {
    return layer.name.empty() ? "pooling" : layer.name;
  }

  void resolve_inputs(Layer& layer, int index) const {
    layer.inputs.clear();
    if (layer.from.empty()) layer.inputs = {index - 1};
    for (const std::string& name : layer.from) {
      const auto found = by_name_.find(name);
      if (found == by_name_.end())
        fail("network {}: {} reads {}, which no layer before it is called", net_.name, what(layer),
             name);
      layer.inputs.push_back(found->second);
    }
  }

  const Shape& input(const Layer& layer, std::size_t i) const {
    const int from = layer.inputs.at(i);
    return from < 0 ? input_ : shapes_[static_cast<std::size_t>(from)];
  }

  Shape shape_of(const Layer& layer) {
    const Shape in = input(layer, 0);
    switch (layer.kind) {
      case Kind::conv: {
        const int fan_in = in.c * layer.kernel * layer.kernel;
        add_param(layer, "weight", Role::weight, {layer.out, in.c, layer.kernel, layer.kernel},
                  fan_in);
        if (layer.bias) add_param(layer, "bias", Role::bias, {layer.out}, fan_in);
        return {layer.out, slid(in.h, layer), slid(in.w, layer)};
      }
      case Kind::conv_transpose: {
        // Each output pixel is a product with one tap of every input channel.
        add_param(layer, "weight", Role::weight, {in.c, layer.out, layer.kernel, layer.kernel},
                  in.c);
        add_param(layer, "bias", Role::bias, {layer.out}, in.c);
        return {layer.out, in.h * layer.stride, in.w * layer.stride};
      }
      case Kind::batch_norm:
        add_param(layer, "weight", Role::norm_gamma, {in.c}, 1);
        add_param(layer, "bias", Role::norm_beta, {in.c}, 1);
        add_state(layer.name + ".running_mean", in.c, 0.0f);
        add_state(layer.name + ".running_var", in.c, 1.0f);
        return in;
      case Kind::linear:
        add_param(layer, "weight", Role::weight, {layer.out, in.features()}, in.features());
        if (layer.bias) add_param(layer, "bias", Role::bias, {layer.out}, in.features());
        return {layer.out, 1, 1};
      case Kind::lstm: {
        const std::string suffix = "_l" + std::to_string(layer.index);
        const int gates = 4 * layer.out;
        add_param(layer, "weight_ih" + suffix, Role::weight, {gates, in.h}, layer.out);
        add_param(layer, "weight_hh" + suffix, Role::weight, {gates, layer.out}, layer.out);
        add_param(layer, "bias_ih" + suffix, Role::bias, {gates}, layer.out);
        add_param(layer, "bias_hh" + suffix, Role::bias, {gates}, layer.out);
        if (layer.last_only) return {layer.out, 1, 1};
        return {in.c, layer.out, 1};
      }
      case Kind::max_pool:
        return {in.c, slid(in.h, layer), slid(in.w, layer)};
      case Kind::global_avg_pool:
        return {in.c, 1, 1};
      case Kind::add:
        require_same(layer, in, input(layer, 1));
        return in;
      case Kind::concat: {
        const Shape other = input(layer, 1);
        require_same(layer, {0, in.h, in.w}, {0, other.h, other.w});
        return {in.c + other.c, in.h, in.w};
      }
      case Kind::relu:
        break;
    }
    return in;
  }

  static int slid(int size, const Layer& layer) {
    const int span = size + 2 * layer.padding - layer.kernel;
    return span < 0 ? 0 : span / layer.stride + 1;
  }

  void require_same(const Layer& layer, const Shape& a, const Shape& b) const {
    if (a == b) return;
    fail("network {}: {} and {} are to be joined, but are [{}, {}, {}] and [{}, {}, {}]", net_.name,
         layer.from.at(0), layer.from.at(1), a.c, a.h, a.w, b.c, b.h, b.w);
  }

  void add_param(const Layer& layer, const std::string& name, Role role, std::vector<int> shape,
                 int fan_in) {
    ParamTensor p;
    p.layer = !layer.part_of.empty()     ? layer.part_of
              : layer.kind == Kind::lstm ? layer.name + "_l" + std::to_string(layer.index)
                                         : layer.name;
    p.name = layer.name + "." + name;
    p.role = role;
    p.offset = net_.param_count();
    p.size = 1;
    for (const int extent : shape) p.size *= static_cast<std::size_t>(extent);
    p.shape = std::move(shape);
    p.fan_in = fan_in;
    p.gain = layer.gain;
    net_.params.push_back(std::move(p));
  }

  void add_state(std::string name, int size, float initial) {
    net_.state.push_back(
        {std::move(name), net_.state_count(), static_cast<std::size_t>(size), initial});
  }

  Network& net_;
  Shape input_;
  std::vector<Shape> shapes_;  // of each layer's value
  std::map<std::string, int> by_name_;
};

template <class Tensors>
const auto& find_named(const Network& net, const Tensors& tensors, const std::string& name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  if (found == tensors.end()) fail("network {}: no tensor {}", net.name, name);
  return *found;
}

}  // namespace

std::size_t Network::param_count() const {
  return params.empty() ? 0 : params.back().offset + params.back().size;
}

std::size_t Network::state_count() const {
  return state.empty() ? 0 : state.back().offset + state.back().size;
}

const ParamTensor& Network::param(const std::string& tensor) const {
  return find_named(*this, params, tensor);
}

const StateTensor& Network::state_tensor(const std::string& tensor) const {
  return find_named(*this, state, tensor);
}

Network make_network(std::string name, Task task, const NetworkInput& input,
                     std::vector<Layer> layers) {
  Network net;
  net.name = std::move(name);
  net.task = task;
  net.channels = input.channels;
  net.height = input.height;
  net.width = input.width;
  net.classes = input.classes;
  Maker maker(net, input);
  for (Layer& layer : layers) maker.add(std::move(layer));
  const Shape expected = task == Task::segment ? Shape{input.classes, input.height, input.width}
                                               : Shape{input.classes, 1, 1};
  const Shape out = maker.output();
  if (!(out == expected))
    fail("network {}: ends in [{}, {}, {}], expected [{}, {}, {}] for {} classes", net.name, out.c,
         out.h, out.w, expected.c, expected.h, expected.w, input.classes);
  return net;
}

}  // namespace mapnet
