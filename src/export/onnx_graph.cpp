#include "export/onnx_graph.hpp"

#include <utility>

#include "common/bytes.hpp"

namespace mapnet::onnx {

std::string GraphBuilder::apart(std::string name) const {
  while (taken_.contains(name) || kept_.contains(name)) name += '_';
  return name;
}

std::string GraphBuilder::taken(std::string name) {
  if (kept_.erase(name) == 0) name = apart(std::move(name));
  taken_.insert(name);
  return name;
}

void GraphBuilder::input(Value value) {
  taken_.insert(value.name);
  graph_.inputs.push_back(std::move(value));
}

std::string GraphBuilder::node(std::string op, std::vector<std::string> inputs, std::string output,
                               std::vector<Attribute> attributes) {
  return node_output(std::move(op), std::move(inputs), 0, std::move(output), std::move(attributes));
}

std::string GraphBuilder::node_output(std::string op, std::vector<std::string> inputs,
                                      std::size_t skipped, std::string output,
                                      std::vector<Attribute> attributes) {
  output = taken(std::move(output));
  std::vector<std::string> outputs(skipped);
  outputs.push_back(output);
  graph_.nodes.push_back(
      {std::move(op), output, std::move(inputs), std::move(outputs), std::move(attributes)});
  return output;
}

std::string GraphBuilder::floats(std::string name, Dims dims, std::span<const float> values) {
  name = taken(std::move(name));
  graph_.initializers.push_back(
      {name, ElementType::float32, std::move(dims), std::string(bytes_of(values))});
  return name;
}

std::string GraphBuilder::int8s(std::string name, Dims dims, std::span<const std::int8_t> values) {
  name = taken(std::move(name));
  graph_.initializers.push_back(
      {name, ElementType::int8, std::move(dims), std::string(bytes_of(values))});
  return name;
}

std::string GraphBuilder::int64s(std::string name, std::span<const std::int64_t> values) {
  name = taken(std::move(name));
  const Dims dims = {static_cast<std::int64_t>(values.size())};
  graph_.initializers.push_back({name, ElementType::int64, dims, std::string(bytes_of(values))});
  return name;
}

template <class Make>
std::string GraphBuilder::shared(const std::string& name, const Make& make) {
  const auto found = shared_.find(name);
  return found != shared_.end() ? found->second : shared_[name] = make();
}

std::string GraphBuilder::shared_int64(const std::string& name, std::int64_t value) {
  return shared(name, [&] { return int64s(name, {&value, 1}); });
}

std::string GraphBuilder::shared_int8(const std::string& name, std::int8_t value) {
  return shared(name, [&] { return int8s(name, {}, {&value, 1}); });
}

}  // namespace mapnet::onnx
