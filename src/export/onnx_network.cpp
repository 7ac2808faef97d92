#include "export/onnx_network.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "common/error.hpp"
#include "device/ops/batch_norm.hpp"
#include "export/onnx_lstm.hpp"
#include "export/onnx_numbers.hpp"
#include "train/build_info.hpp"

namespace mapnet::onnx {

namespace {

using Kind = Layer::Kind;

class Translation {
 public:
  Translation(const TrainedNetwork& network, std::span<const float> ranges)
      : network_(network), net_(network.net), graph_(network.net.name), numbers_(ranges) {}

  Graph translate() {
    const std::string output = net_.task == Task::forecast ? "forecast" : "logits";
    graph_.keep(output);
    for (const ParamTensor& p : net_.params) graph_.keep(p.name);
    for (const StateTensor& s : net_.state) graph_.keep(s.name);
    input_ = add_input();
    for (const Layer& layer : net_.layers) {
      const bool last = &layer == &net_.layers.back();
      values_.push_back(add(layer, last ? output : graph_.apart(name_of(layer))));
    }
    Value value = {output, ElementType::float32, {net_.classes}, output_doc()};
    if (net_.task == Task::segment) value.dims = {net_.classes, net_.height, net_.width};
    graph_.graph().outputs.push_back(std::move(value));
    return std::move(graph_.graph());
  }

 private:
  LayerValue add_input() {
    if (network_.pixels.mean.empty()) {
      const bool window = net_.task == Task::forecast;
      Dims dims = {net_.channels, net_.height};
      if (!window) dims.push_back(net_.width);
      graph_.input({"input", ElementType::float32, dims, input_doc()});
      return {"input", dims.size() + 1};
    }
    const Dims dims = {net_.channels, net_.height, net_.width};
    graph_.input({"input", ElementType::uint8, dims, input_doc()});
    std::vector<float> scale, shift;
    for (std::size_t c = 0; c < network_.pixels.mean.size(); ++c) {
      const PixelScale of = pixel_scale(network_.pixels, c);
      scale.push_back(of.scale);
      shift.push_back(of.shift);
    }
    const Dims per_channel = {1, net_.channels, 1, 1};
    const std::string x = graph_.node("Cast", {"input"}, "pixels",
                                      {{"to", static_cast<std::int64_t>(ElementType::float32)}});
    const std::string scaled =
        graph_.node("Mul", {x, graph_.floats("pixel_scale", per_channel, scale)}, "pixels.scaled");
    return {graph_.node("Add", {scaled, graph_.floats("pixel_shift", per_channel, shift)},
                        "standardised")};
  }

  std::string input_doc() const {
    if (!network_.pixels.mean.empty())
      return fmt::format(
          "pixels as they are in a file, 0 to 255, {}; the graph standardises them itself",
          net_.channels == 1   ? "grey"
          : net_.channels == 3 ? "planes of red, green and blue"
                               : "a plane a channel");
    return net_.task == Task::forecast
               ? "steps of features, scaled as the training data was: to 0 ... 1 over its rows"
               : "features, standardised as the training data was";
  }

  std::string output_doc() const {
    switch (net_.task) {
      case Task::classify:
        return "a logit a class; softmax makes probabilities of them";
      case Task::segment:
        return "a logit a class at each pixel";
      case Task::forecast:
        break;
    }
    return "the value of the next step, in the units of the input's first feature";
  }

  /// As PyTorch calls it, or its kind and a number.
  std::string name_of(const Layer& layer) {
    if (layer.kind == Kind::lstm) return layer.name + "_l" + std::to_string(layer.index);
    if (!layer.name.empty()) return layer.name;
    static const std::map<Kind, std::string> kinds = {{Kind::relu, "relu"},
                                                      {Kind::max_pool, "max_pool"},
                                                      {Kind::global_avg_pool, "avg_pool"},
                                                      {Kind::add, "sum"},
                                                      {Kind::concat, "concat"}};
    const std::string& kind = kinds.at(layer.kind);
    return kind + std::to_string(++unnamed_[kind]);
  }

  LayerValue& value(int index) {
    return index < 0 ? input_ : values_[static_cast<std::size_t>(index)];
  }

  void require_image(const Layer& layer, const LayerValue& x) const {
    if (x.rank != 4)
      fail("network {}: {} reads a window or features as an image; there is no ONNX for it here",
           net_.name, layer.name.empty() ? "a layer" : layer.name);
  }

  std::string bias(const Layer& layer) {
    const ParamTensor& p = net_.param(layer.name + ".bias");
    return graph_.floats(p.name, {p.shape[0]}, network_.weight(p));
  }

  /// [x, weight, bias] of a convolution or a product.
  std::vector<std::string> operands(const Layer& layer, const std::string& x) {
    const ParamTensor& p = net_.param(layer.name + ".weight");
    std::vector<std::string> names = {x};
    names.push_back(numbers_.weight(graph_, p.name, Dims(p.shape.begin(), p.shape.end()), 0,
                                    network_.weight(p)));
    if (layer.bias) names.push_back(bias(layer));
    return names;
  }

  static std::vector<Attribute> window(const Layer& layer) {
    const std::int64_t k = layer.kernel, s = layer.stride, p = layer.padding;
    return {{"kernel_shape", Dims{k, k}}, {"strides", Dims{s, s}}, {"pads", Dims{p, p, p, p}}};
  }

  std::vector<std::string> norm_operands(const Layer& layer, const LayerValue& x) {
    std::vector<std::string> names = {x.name};
    for (const char* what : {".weight", ".bias"}) {
      const ParamTensor& p = net_.param(layer.name + what);
      names.push_back(graph_.floats(p.name, {p.shape[0]}, network_.weight(p)));
    }
    for (const char* what : {".running_mean", ".running_var"}) {
      const StateTensor& s = net_.state_tensor(layer.name + what);
      names.push_back(
          graph_.floats(s.name, {static_cast<std::int64_t>(s.size)}, network_.statistics(s)));
    }
    return names;
  }

  static bool slides(Kind kind) {
    return kind == Kind::conv || kind == Kind::conv_transpose || kind == Kind::batch_norm ||
           kind == Kind::max_pool || kind == Kind::global_avg_pool;
  }

  LayerValue add(const Layer& layer, const std::string& out) {
    LayerValue& x = value(layer.inputs.front());
    if (slides(layer.kind)) require_image(layer, x);
    if (layer.weighted()) numbers_.hold(graph_, x);
    switch (layer.kind) {
      case Kind::conv:
        return {graph_.node("Conv", operands(layer, x.name), out, window(layer))};
      case Kind::conv_transpose:
        return {graph_.node("ConvTranspose", operands(layer, x.name), out, window(layer))};
      case Kind::batch_norm:
        return {graph_.node("BatchNormalization", norm_operands(layer, x), out,
                            {{"epsilon", BatchNormDesc().epsilon}})};
      case Kind::relu:
        return {graph_.node("Relu", {x.name}, out), x.rank, false};
      case Kind::max_pool:
        return {graph_.node("MaxPool", {x.name}, out, window(layer)), 4, x.negative};
      case Kind::global_avg_pool:
        return {graph_.node("GlobalAveragePool", {x.name}, out), 4, x.negative};
      case Kind::add:
      case Kind::concat: {
        const LayerValue& other = value(layer.inputs.at(1));
        const bool sum = layer.kind == Kind::add;
        std::vector<Attribute> axis;
        if (!sum) axis.push_back({"axis", std::int64_t{1}});
        return {graph_.node(sum ? "Add" : "Concat", {x.name, other.name}, out, axis), x.rank,
                x.negative || other.negative};
      }
      case Kind::linear: {
        std::string flat = x.name;
        if (x.rank != 2) flat = graph_.node("Flatten", {flat}, layer.name + ".flat");
        return {graph_.node("Gemm", operands(layer, flat), out, {{"transB", std::int64_t{1}}}), 2};
      }
      case Kind::lstm:
        return {add_lstm(graph_, numbers_, network_, layer, x.name, out),
                layer.last_only ? std::size_t{2} : std::size_t{3}};
    }
    fail("network {}: no ONNX for a layer", net_.name);
  }

  const TrainedNetwork& network_;
  const Network& net_;
  GraphBuilder graph_;
  Numbers numbers_;
  LayerValue input_;
  std::vector<LayerValue> values_;
  std::map<std::string, int> unnamed_;
};

}  // namespace

Model onnx_model(const TrainedNetwork& network, std::span<const float> ranges) {
  Model model;
  model.graph = Translation(network, ranges).translate();
  model.producer_version = version_string();
  model.doc = fmt::format("{} trained by mapnet", network.net.name);
  model.metadata = description(network);
  model.metadata["dtype"] = ranges.empty() ? "float32" : "int8";
  model.metadata["input"] = model.graph.inputs.front().doc;
  return model;
}

}  // namespace mapnet::onnx
