#pragma once

#include <optional>
#include <span>
#include <string>

#include "export/onnx_graph.hpp"

/// How a graph's numbers are held: in float32, or rounded to int8 where a layer with weights takes
/// part, in the scheme of nets/int8.hpp and device/ops/fake_quantize.hpp.
namespace mapnet::onnx {

/// A layer's value as the graph has it so far.
struct LayerValue {
  std::string name;
  std::size_t rank = 4;  ///< of a window or of features less: there is no height and width
  bool negative = true;  ///< whether it may be below 0
  std::optional<float> range = {};  ///< that it is held in as int8 now; none: float32
};

class Numbers {
 public:
  /// `ranges`: of what enters each weighted layer, in order; empty: float32.
  explicit Numbers(std::span<const float> ranges) : ranges_(ranges) {}

  bool int8() const { return !ranges_.empty(); }

  /// What the next weighted layer reads: x is led through int8 and back (QuantizeLinear,
  /// DequantizeLinear), and whoever reads it afterwards reads that, as in mapnet's own int8
  /// evaluation, which rounds values where they lie. To be called once a weighted layer, in order.
  void hold(GraphBuilder& graph, LayerValue& x);

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
