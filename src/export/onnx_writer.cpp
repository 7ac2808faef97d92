#include <limits>

#include "common/error.hpp"
#include "export/onnx_model.hpp"
#include "export/protobuf.hpp"

/// The numbers of fields are those of onnx/onnx.proto.
namespace mapnet::onnx {

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

/// AttributeProto.AttributeType
enum AttributeType { kFloat = 1, kInt = 2, kString = 3, kInts = 7 };

ProtoMessage attribute_proto(const Attribute& attribute) {
  ProtoMessage m;
  m.text(1, attribute.name);
  std::visit(Overloaded{[&](float value) {
                          m.floating(2, value);
                          m.integer(20, kFloat);
                        },
                        [&](std::int64_t value) {
                          m.integer(3, value);
                          m.integer(20, kInt);
                        },
                        [&](const std::string& value) {
                          m.text(4, value);
                          m.integer(20, kString);
                        },
                        [&](const std::vector<std::int64_t>& values) {
                          for (const std::int64_t value : values) m.integer(8, value);
                          m.integer(20, kInts);
                        }},
             attribute.value);
  return m;
}

ProtoMessage node_proto(const Node& node) {
  ProtoMessage m;
  for (const std::string& name : node.inputs) m.text(1, name);
  for (const std::string& name : node.outputs) m.text(2, name);
  m.text(3, node.name);
  m.text(4, node.op);
  for (const Attribute& attribute : node.attributes) m.message(5, attribute_proto(attribute));
  return m;
}

ProtoMessage tensor_proto(const Tensor& tensor) {
  ProtoMessage m;
  for (const std::int64_t dim : tensor.dims) m.integer(1, dim);
  m.integer(2, static_cast<std::int64_t>(tensor.type));
  m.text(8, tensor.name);
  m.text(9, tensor.bytes);
  return m;
}

ProtoMessage value_proto(const Value& value) {
  ProtoMessage shape, batch;
  batch.text(2, kBatchDimension);
  shape.message(1, batch);
  for (const std::int64_t size : value.dims) {
    ProtoMessage dim;
    dim.integer(1, size);
    shape.message(1, dim);
  }
  ProtoMessage tensor_type, type, m;
  tensor_type.integer(1, static_cast<std::int64_t>(value.type));
  tensor_type.message(2, shape);
  type.message(1, tensor_type);
  m.text(1, value.name);
  m.message(2, type);
  m.text(3, value.doc);
  return m;
}

ProtoMessage graph_proto(const Graph& graph) {
  ProtoMessage m;
  for (const Node& node : graph.nodes) m.message(1, node_proto(node));
  m.text(2, graph.name);
  for (const Tensor& tensor : graph.initializers) m.message(5, tensor_proto(tensor));
  for (const Value& value : graph.inputs) m.message(11, value_proto(value));
  for (const Value& value : graph.outputs) m.message(12, value_proto(value));
  return m;
}

}  // namespace

std::string serialise(const Model& model) {
  ProtoMessage m, opset;
  m.integer(1, kIrVersion);
  m.text(2, "mapnet");
  m.text(3, model.producer_version);
  m.text(6, model.doc);
  m.message(7, graph_proto(model.graph));
  opset.text(1, "");
  opset.integer(2, kOpset);
  m.message(8, opset);
  for (const auto& [key, value] : model.metadata) {
    ProtoMessage entry;
    entry.text(1, key);
    entry.text(2, value);
    m.message(14, entry);
  }
  if (m.bytes().size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    fail("{} as ONNX is {} bytes; protobuf holds at most 2 GiB", model.graph.name,
         m.bytes().size());
  return m.bytes();
}

}  // namespace mapnet::onnx
