#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace mapnet {

/// A message of protobuf's wire format in the making: fields are appended in the order of the
/// calls. See protobuf.dev/programming-guides/encoding. Only what ONNX needs of it.
class ProtoMessage {
 public:
  /// int32, int64 and enums; negative values take ten bytes, as protobuf has it.
  void integer(int field, std::int64_t value) {
    key(field, 0);
    varint(static_cast<std::uint64_t>(value));
  }

  void floating(int field, float value) {
    key(field, 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift);
  }

  /// Strings and bytes.
  void text(int field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
  }

  void message(int field, const ProtoMessage& value) { text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, unsigned wire_type) {
    varint(static_cast<std::uint64_t>(field) << 3 | wire_type);
  }

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace mapnet
