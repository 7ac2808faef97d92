#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Reads an ONNX file back, field by field, without ONNX's own classes. Everything that does not
/// fit ends the test.
namespace mapnet::test {

/// A message of protobuf's wire format: each field's values in their order.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes);

  std::vector<std::string_view> all(int field) const;  ///< strings, bytes and messages
  std::string text(int field) const;                   ///< the only one; empty where there is none
  std::vector<std::int64_t> integers(int field) const;
  std::int64_t integer(int field) const;  ///< the only one
  bool has(int field) const { return texts_.contains(field) || integers_.contains(field); }

 private:
  std::map<int, std::vector<std::string_view>> texts_;
  std::map<int, std::vector<std::int64_t>> integers_;
};

struct ReadTensor {
  std::int64_t type;
  std::vector<std::int64_t> dims;
  std::string bytes;
};

struct ReadNode {
  std::string op;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, std::vector<std::int64_t>> integers;  ///< attributes
};

struct ReadValue {
  std::int64_t type;
  std::vector<std::string> dims;  ///< numbers as text, or the name of a free one
};

struct ReadModel {
  explicit ReadModel(const std::string& file);

  std::int64_t ir_version, opset;
  std::string producer;
  std::vector<ReadNode> nodes;
  std::map<std::string, ReadTensor> initializers;
  std::map<std::string, ReadValue> inputs, outputs;
  std::map<std::string, std::string> metadata;
};

}  // namespace mapnet::test
