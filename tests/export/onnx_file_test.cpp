#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <set>

#include "common/temporary.hpp"
#include "export/onnx_network.hpp"
#include "export/onnx_reader.hpp"
#include "export/random_networks.hpp"

/// What an ONNX file says, read back without ONNX.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

ReadModel written(const TrainedNetwork& t, const std::vector<float>& ranges = {}) {
  return ReadModel(onnx::serialise(onnx::onnx_model(t, ranges)));
}

std::vector<float> some_ranges(const Network& net) {
  std::vector<float> ranges(weighted_layers(net));
  for (std::size_t i = 0; i < ranges.size(); ++i) ranges[i] = 1.0f + static_cast<float>(i);
  return ranges;
}

std::size_t element_bytes(std::int64_t type) { return type == 1 ? 4 : type == 7 ? 8 : 1; }

/// Every value is made once, before it is read; every constant is as long as its shape and is read.
void check_graph(const ReadModel& m) {
  std::set<std::string> known, read;
  for (const auto& [name, value] : m.inputs) known.insert(name);
  for (const auto& [name, tensor] : m.initializers) {
    std::size_t size = element_bytes(tensor.type);
    for (const std::int64_t dim : tensor.dims) size *= static_cast<std::size_t>(dim);
    BOOST_TEST(tensor.bytes.size() == size, name << ": " << tensor.bytes.size() << " bytes");
    BOOST_TEST(known.insert(name).second, name << " is there twice");
  }
  for (const ReadNode& node : m.nodes) {
    for (const std::string& name : node.inputs) {
      BOOST_TEST(known.contains(name), node.op << " reads " << name << ", which is not there yet");
      read.insert(name);
    }
    for (const std::string& name : node.outputs)
      if (!name.empty()) BOOST_TEST(known.insert(name).second, name << " is made twice");
  }
  for (const auto& [name, value] : m.outputs) BOOST_TEST(known.contains(name));
  for (const auto& [name, tensor] : m.initializers)
    BOOST_TEST(read.contains(name), "nobody reads " << name);
}

std::size_t count(const ReadModel& m, const std::string& op) {
  return static_cast<std::size_t>(
      std::ranges::count_if(m.nodes, [&](const ReadNode& n) { return n.op == op; }));
}

std::size_t count(const Network& net, Layer::Kind kind) {
  return static_cast<std::size_t>(std::ranges::count(net.layers, kind, &Layer::kind));
}

std::vector<float> floats(const ReadTensor& tensor) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

}  // namespace

BOOST_DATA_TEST_CASE(a_graph_holds_together, data::make(network_cases()), c) {
  const TrainedNetwork t = random_network(c);
  for (const std::vector<float>& ranges : {std::vector<float>(), some_ranges(t.net)}) {
    const ReadModel m = written(t, ranges);
    check_graph(m);
    BOOST_TEST(m.opset >= 13);
    BOOST_TEST(m.ir_version >= 7);
    BOOST_TEST(m.producer == "mapnet");
    BOOST_TEST(m.metadata.at("net") == c.name);
    BOOST_TEST(m.metadata.at("dtype") == (ranges.empty() ? "float32" : "int8"));
    BOOST_TEST(m.inputs.size() == 1u);
    BOOST_TEST(m.inputs.at("input").dims.front() == "batch");
    const bool forecast = t.net.task == Task::forecast;
    BOOST_TEST(m.inputs.at("input").type == (forecast || c.features ? 1 : 2));
    BOOST_TEST(m.outputs.at(forecast ? "forecast" : "logits").dims.front() == "batch");
    BOOST_TEST(count(m, "Conv") == count(t.net, Layer::Kind::conv));
    BOOST_TEST(count(m, "BatchNormalization") == count(t.net, Layer::Kind::batch_norm));
    BOOST_TEST(count(m, "LSTM") == count(t.net, Layer::Kind::lstm));
    BOOST_TEST(count(m, "Gemm") == count(t.net, Layer::Kind::linear));
  }
}

// As docs/export.md has it.
BOOST_AUTO_TEST_CASE(features_of_videos_keep_their_rows) {
  const ReadModel m = written(random_network(kVideoFeatures));
  const std::vector<std::string> shape = {"batch", "1", "34", "64"};
  BOOST_TEST(m.inputs.at("input").dims == shape, boost::test_tools::per_element());
  BOOST_TEST(m.metadata.at("input").find("features, standardised") == 0u);
  BOOST_TEST(!m.metadata.contains("pixel_mean"));
}

// A network of one's own may call its layers what the graph calls something else.
BOOST_AUTO_TEST_CASE(layers_may_be_called_anything) {
  const auto filter = [](const char* name) { return conv(name, 4, 3, 1); };
  const Network net = make_network(
      "own", Task::classify, {3, 8, 8, 5},
      {filter("input"), relu(), filter("logits"), filter("relu1"), relu(), filter("relu2"),
       filter("pixels"), filter("pixel_scale"), filter("standardised"), filter("fc.weight"),
       named(relu(), "fc.weight.scale"), filter("int8_zero"), filter("fc.weight.weight"),
       named(relu(), "fc.flat"), linear("fc", 8), relu(), linear("out", 5)});
  const TrainedNetwork t = with_random_weights(net);
  for (const std::vector<float>& ranges : {std::vector<float>(), some_ranges(net)}) {
    const ReadModel m = written(t, ranges);
    check_graph(m);
    BOOST_TEST(m.nodes.back().outputs == std::vector<std::string>{"logits"},
               boost::test_tools::per_element());
    for (const ParamTensor& p : net.params) BOOST_TEST(m.initializers.contains(p.name), p.name);
  }
}

BOOST_DATA_TEST_CASE(initializers_are_pytorchs_tensors, data::make(network_cases()), c) {
  const TrainedNetwork t = random_network(c);
  const ReadModel m = written(t);
  for (const ParamTensor& p : t.net.params) {
    if (p.name.rfind("lstm.", 0) == 0) continue;  // rearranged, under other names
    const ReadTensor& tensor = m.initializers.at(p.name);
    BOOST_TEST((tensor.dims == std::vector<std::int64_t>(p.shape.begin(), p.shape.end())));
    const std::span<const float> own = t.weight(p);
    BOOST_TEST((floats(tensor) == std::vector<float>(own.begin(), own.end())), p.name);
  }
  for (const StateTensor& s : t.net.state) BOOST_TEST(m.initializers.contains(s.name));
}

BOOST_AUTO_TEST_CASE(int8_weights_are_int8_with_a_scale_a_channel) {
  const TrainedNetwork t = random_network({"cnn2", {1, 28, 28, 10}});
  const ReadModel m = written(t, some_ranges(t.net));
  constexpr std::int64_t kInt8 = 3;
  for (const char* name : {"conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"}) {
    const ReadTensor& q = m.initializers.at(name);
    BOOST_TEST(q.type == kInt8);
    const std::vector<float> scale = floats(m.initializers.at(name + std::string(".scale")));
    const std::span<const float> own = t.weight(t.net.param(name));
    BOOST_REQUIRE(scale.size() == static_cast<std::size_t>(q.dims[0]));
    const std::size_t row = own.size() / scale.size();
    for (std::size_t i = 0; i < own.size(); ++i) {
      const float held = static_cast<float>(static_cast<signed char>(q.bytes[i])) * scale[i / row];
      BOOST_REQUIRE(std::abs(held - own[i]) <= 0.501f * scale[i / row]);
    }
  }
  BOOST_TEST(count(m, "QuantizeLinear") == 4u);
  BOOST_TEST(count(m, "DequantizeLinear") == 8u);
  BOOST_TEST(onnx::serialise(onnx::onnx_model(t, some_ranges(t.net))).size() < 128u * 1024);
}

// As evaluation holds it: what only ever was 0 while it was measured is 0 for good.
BOOST_AUTO_TEST_CASE(a_value_that_was_always_zero_is_held_too) {
  const TrainedNetwork t = random_network({"cnn2", {1, 28, 28, 10}});
  const ReadModel m = written(t, std::vector<float>(weighted_layers(t.net), 0.0f));
  BOOST_TEST(count(m, "QuantizeLinear") == 4u);
}

// What a residual block adds is what its first convolution reads.
BOOST_AUTO_TEST_CASE(a_value_is_held_once_for_all_its_readers) {
  const TrainedNetwork t = random_network({"resnet18", {3, 32, 32, 10}});
  std::vector<float> ranges(weighted_layers(t.net), 2.0f);
  const ReadModel m = written(t, ranges);
  BOOST_TEST(count(m, "QuantizeLinear") == 18u);  // 21 weighted layers, of which 3 project
  for (const ReadNode& node : m.nodes)
    if (node.op == "Add" && node.outputs.front() == "layer1.0.add")
      BOOST_TEST(node.inputs.at(1) == "stem.held");
}

BOOST_AUTO_TEST_CASE(what_has_no_onnx_is_refused_by_name) {
  TrainedNetwork t;
  t.net =
      make_network("odd", Task::forecast, {8, 8, 1, 1}, {conv("conv1", 2, 3, 1), linear("fc", 1)});
  t.weights.resize(t.net.param_count());
  check_fails([&] { onnx::onnx_model(t); }, {"odd", "conv1", "window"});
}
