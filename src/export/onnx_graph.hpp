#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "export/onnx_model.hpp"

namespace mapnet::onnx {

using Dims = std::vector<std::int64_t>;

/// A graph in the making: nodes and constants are added in the order in which they are to be read.
/// Every call returns the name of the value it adds.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) { graph_.name = std::move(name); }

  std::string node(std::string op, std::vector<std::string> inputs, std::string output,
                   std::vector<Attribute> attributes = {});
  /// The same where the first outputs are of no use: `output` stands behind `skipped` empty names.
  std::string node_output(std::string op, std::vector<std::string> inputs, std::size_t skipped,
                          std::string output, std::vector<Attribute> attributes);

  std::string floats(std::string name, Dims dims, std::span<const float> values);
  std::string int8s(std::string name, Dims dims, std::span<const std::int8_t> values);
  std::string int64s(std::string name, std::span<const std::int64_t> values);

  /// The same, added at the first call alone: constants that several nodes read.
  std::string shared_int64(const std::string& name, std::int64_t value);
  std::string shared_int8(const std::string& name, std::int8_t value);

  Graph& graph() { return graph_; }

 private:
  bool has(const std::string& name) const;

  Graph graph_;
};

}  // namespace mapnet::onnx
