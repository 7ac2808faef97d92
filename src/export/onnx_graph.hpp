#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "export/onnx_model.hpp"

namespace mapnet::onnx {

using Dims = std::vector<std::int64_t>;

/// A graph in the making: nodes and constants are added in the order in which they are to be read.
/// Every call returns the name of the value it adds: the one asked for, or, as a network's layers
/// may be called anything and no two values of a graph may share a name, that and an underscore.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name) { graph_.name = std::move(name); }

  /// Keeps a name that readers of the file count on for the value that is added under it, so that
  /// `apart` gives it to no other.
  void keep(std::string name) { kept_.insert(std::move(name)); }
  /// A name that is neither kept nor taken, as near to `name` as can be.
  std::string apart(std::string name) const;

  /// Of the graph as a whole, by its name as it is: to be called before anything is added.
  void input(Value value);
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
  /// A kept name as it is, once; another one apart.
  std::string taken(std::string name);
  /// The constant that `make` adds under that name, made at the first call alone.
  template <class Make>
  std::string shared(const std::string& name, const Make& make);

  Graph graph_;
  std::set<std::string> kept_, taken_;
  std::map<std::string, std::string> shared_;  // by what they are asked for as
};

}  // namespace mapnet::onnx
