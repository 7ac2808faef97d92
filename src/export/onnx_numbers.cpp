#include "export/onnx_numbers.hpp"

#include <vector>

#include "nets/int8.hpp"

namespace mapnet::onnx {

namespace {

/// A step of the int8 values of a range. Where nothing but zeros was seen everything is to become
/// 0: with so wide a step everything does.
float step_of(float range) { return range > 1e-30f ? range / 127.0f : 1e30f; }

}  // namespace

void Numbers::hold(GraphBuilder& graph, LayerValue& x) {
  if (!int8()) return;
  const float range = ranges_[next_++], step = step_of(range);
  if (x.range == range) return;  // already so, for another layer: the same samples, the same range
  const std::string name = x.name;
  // QuantizeLinear would make -128 of what lies below the range; mapnet's int8 ends at -127.
  if (x.negative) {
    const float lowest = -range;
    const std::string least = graph.floats(name + ".least", {}, {&lowest, 1});
    x.name = graph.node("Clip", {x.name, least}, name + ".clipped");
  }
  const std::string scale = graph.floats(name + ".scale", {}, {&step, 1});
  const std::string zero = graph.shared_int8("int8_zero", 0);
  x.name = graph.node("QuantizeLinear", {x.name, scale, zero}, name + ".int8");
  x.name = graph.node("DequantizeLinear", {x.name, scale, zero}, name + ".held");
  x.range = range;
}

std::string Numbers::weight(GraphBuilder& graph, const std::string& name, const Dims& dims,
                            std::size_t axis, std::span<const float> values) const {
  if (!int8()) return graph.floats(name, dims, values);
  const auto rows = static_cast<std::size_t>(dims[axis]);
  const Int8Weight int8 = quantize_weight(values, rows);
  std::vector<float> steps;
  for (const float range : int8.ranges) steps.push_back(step_of(range));
  const Dims per_row = {dims[axis]};
  const std::string q = graph.int8s(name, dims, int8.q);
  const std::string scale = graph.floats(name + ".scale", per_row, steps);
  const std::string zero =
      graph.int8s(name + ".zero_point", per_row, std::vector<std::int8_t>(rows));
  return graph.node("DequantizeLinear", {q, scale, zero}, name + ".float",
                    {{"axis", static_cast<std::int64_t>(axis)}});
}

}  // namespace mapnet::onnx
