#pragma once

#include <span>
#include <string>

#include "export/onnx_graph.hpp"

/// How a graph's numbers are held: in float32, or rounded to int8 where a layer with weights takes
/// part, in the scheme of nets/int8.hpp and device/ops/fake_quantize.hpp.
namespace mapnet::onnx {

/// What enters a layer.
struct Activation {
  std::string value;
  bool negative = true;  ///< whether it may be below 0
};

class Numbers {
 public:
  /// `ranges`: of what enters each weighted layer, in order; empty: float32.
  explicit Numbers(std::span<const float> ranges) : ranges_(ranges) {}

  bool int8() const { return !ranges_.empty(); }

  /// The value that the next weighted layer, `layer`, reads: x itself, or x to int8 and back
  /// (QuantizeLinear, DequantizeLinear). To be called once a layer, in order.
  std::string input(GraphBuilder& graph, const std::string& layer, const Activation& x);

  /// A weight of `dims`, whose rows along `axis` are output channels and lie one after another: an
  /// initializer `name` in float32, or one in int8 with `name`.scale, `name`.zero_point and a
  /// DequantizeLinear behind it.
  std::string weight(GraphBuilder& graph, const std::string& name, const Dims& dims,
                     std::size_t axis, std::span<const float> values) const;

 private:
  std::span<const float> ranges_;
  std::size_t next_ = 0;
};

}  // namespace mapnet::onnx
