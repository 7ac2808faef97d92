#include "export/onnx_lstm.hpp"

#include <utility>
#include <vector>

namespace mapnet::onnx {

namespace {

/// [i, f, g, o] to [i, o, f, g]; each a block of as many values.
void append_gates(std::vector<float>& to, std::span<const float> from) {
  const std::size_t block = from.size() / 4;
  for (const std::size_t gate : {0, 3, 1, 2})
    to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(gate * block),
              from.begin() + static_cast<std::ptrdiff_t>((gate + 1) * block));
}

}  // namespace

std::string add_lstm(GraphBuilder& graph, Numbers& numbers, const TrainedNetwork& network,
                     const Layer& layer, const std::string& x, std::string output) {
  const std::string number = "_l" + std::to_string(layer.index), stack = layer.name + ".";
  const std::string name = layer.name + number;
  const auto param = [&](const std::string& what) -> const ParamTensor& {
    return network.net.param(stack + what + number);
  };
  const auto weight = [&](const std::string& what) {
    const ParamTensor& p = param(what);
    std::vector<float> values;
    append_gates(values, network.weight(p));
    return numbers.weight(graph, p.name + ".iofg", {1, p.shape[0], p.shape[1]}, 1, values);
  };
  // ONNX walks [T, batch, F], one step after another.
  const std::vector<Attribute> swap = {{"perm", Dims{1, 0, 2}}};
  const std::string steps = graph.node("Transpose", {x}, name + ".steps", swap);
  const std::string w = weight("weight_ih"), r = weight("weight_hh");
  std::vector<float> biases;
  append_gates(biases, network.weight(param("bias_ih")));
  append_gates(biases, network.weight(param("bias_hh")));
  const auto width = static_cast<std::int64_t>(biases.size());
  const std::string b = graph.floats(stack + "bias" + number + ".iofg", {1, width}, biases);
  const std::vector<Attribute> hidden = {{"hidden_size", std::int64_t{layer.out}}};
  if (layer.last_only) {  // Y_h [directions, batch, H]
    const std::string h = graph.node_output("LSTM", {steps, w, r, b}, 1, name + ".last", hidden);
    return graph.node("Squeeze", {h, graph.shared_int64("axis0", 0)}, std::move(output));
  }
  // Y [T, directions, batch, H]
  const std::string y = graph.node("LSTM", {steps, w, r, b}, name + ".all", hidden);
  const std::string h =
      graph.node("Squeeze", {y, graph.shared_int64("axis1", 1)}, name + ".hidden");
  return graph.node("Transpose", {h}, std::move(output), swap);
}

}  // namespace mapnet::onnx
