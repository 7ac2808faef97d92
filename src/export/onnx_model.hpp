#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

/// The part of ONNX that mapnet writes, as plain structs, field by field what onnx.proto has.
namespace mapnet::onnx {

/// As onnx.proto numbers them.
enum class ElementType { float32 = 1, uint8 = 2, int8 = 3, int64 = 7 };

/// A constant; row-major little-endian bytes.
struct Tensor {
  std::string name;
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> dims;  ///< none: one value
  std::string bytes;
};

struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>> value;
};

struct Node {
  std::string op, name;
  std::vector<std::string> inputs, outputs;  ///< empty names: an optional one that is left out
  std::vector<Attribute> attributes;
};

/// An input or output of the graph. Its first dimension, the batch, is free.
struct Value {
  std::string name;
  ElementType type = ElementType::float32;
  std::vector<std::int64_t> dims;  ///< behind the batch
  std::string doc;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;  ///< each behind those it reads
  std::vector<Tensor> initializers;
  std::vector<Value> inputs, outputs;
};

/// Operators mean what the default domain's opset says.
inline constexpr std::int64_t kOpset = 13;
/// The format's version that came with it.
inline constexpr std::int64_t kIrVersion = 7;
/// What the batch dimension is called.
inline constexpr const char* kBatchDimension = "batch";

struct Model {
  Graph graph;
  std::string producer_version, doc;
  std::map<std::string, std::string> metadata;
};

/// The bytes of a .onnx file. Throws Error for more than the 2 GiB that protobuf can hold.
std::string serialise(const Model& model);

}  // namespace mapnet::onnx
