#include "export/onnx_graph.hpp"

#include <algorithm>
#include <utility>

#include "common/bytes.hpp"

namespace mapnet::onnx {

std::string GraphBuilder::node(std::string op, std::vector<std::string> inputs, std::string output,
                               std::vector<Attribute> attributes) {
  return node_output(std::move(op), std::move(inputs), 0, std::move(output), std::move(attributes));
}

std::string GraphBuilder::node_output(std::string op, std::vector<std::string> inputs,
                                      std::size_t skipped, std::string output,
                                      std::vector<Attribute> attributes) {
  std::vector<std::string> outputs(skipped);
  outputs.push_back(output);
  graph_.nodes.push_back(
      {std::move(op), output, std::move(inputs), std::move(outputs), std::move(attributes)});
  return output;
}

std::string GraphBuilder::floats(std::string name, Dims dims, std::span<const float> values) {
  graph_.initializers.push_back(
      {name, ElementType::float32, std::move(dims), std::string(bytes_of(values))});
  return name;
}

std::string GraphBuilder::int8s(std::string name, Dims dims, std::span<const std::int8_t> values) {
  graph_.initializers.push_back(
      {name, ElementType::int8, std::move(dims), std::string(bytes_of(values))});
  return name;
}

std::string GraphBuilder::int64s(std::string name, std::span<const std::int64_t> values) {
  const Dims dims = {static_cast<std::int64_t>(values.size())};
  graph_.initializers.push_back({name, ElementType::int64, dims, std::string(bytes_of(values))});
  return name;
}

std::string GraphBuilder::shared_int64(const std::string& name, std::int64_t value) {
  return has(name) ? name : int64s(name, {&value, 1});
}

std::string GraphBuilder::shared_int8(const std::string& name, std::int8_t value) {
  return has(name) ? name : int8s(name, {}, {&value, 1});
}

bool GraphBuilder::has(const std::string& name) const {
  return std::ranges::any_of(graph_.initializers,
                             [&](const Tensor& tensor) { return tensor.name == name; });
}

}  // namespace mapnet::onnx
