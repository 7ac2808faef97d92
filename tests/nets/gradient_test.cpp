#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

#include "nets/double_network.hpp"
#include "nets/one_pass.hpp"

/// The gradient of each tensor of a network, however small a part of the whole it is, beside the
/// double-precision reference's.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

// Sums in float32 are off by some 1e-6: PyTorch's gradient of an LSTM by 1.5e-7 of its length, of
// CNN3 and ResNet-18 by 1.4e-6 and 6e-6 (float32_off in pytorch_outputs.json, of the latter with 8
// values a channel in the last stage, as here). A small tensor's may be off by some times as much
// of its own. But a ReLU or a maximum within such an error of its kink may go the other way: of up
// to 6e5 values here one or so. Each changes the gradients in front of it by 1 in the root of its
// layer's values, which is 2% where these are the 4,096 of a last stage; five such come to 4%.
//
// A tensor's gradient that is missing or counted twice is off by its whole length, one that leaves
// out one image of eight by a third.
constexpr double kWithKinks = 0.1, kSmooth = 1e-3;

// A bias in front of a normalisation changes nothing. Its gradient is the rounding of a sum of up
// to 768 terms, 2e-7 of the length of all of its layer's gradients: so a tensor shorter than this
// share of its layer is held to that, of which such a rounding is 2e-3. All others' are of the
// order of a hundredth of their layer's or more.
constexpr double kOfLayer = 1e-4;

struct GradientCase {
  const char* net;
  NetworkInput input;
  int batch;
  double tolerance = kWithKinks;
  bool two_stages = false;

  bool resnet() const { return std::string(net).rfind("resnet", 0) == 0; }
};
std::ostream& operator<<(std::ostream& out, const GradientCase& k) {
  return out << k.net << (k.two_stages ? "'s first two stages" : "");
}

// Of the ResNets for photographs the stem and as much behind it as has every kind of block: the
// reference is slow.
const GradientCase kGradientCases[] = {
    {"cnn1", {1, 28, 28, 10}, 2},
    {"cnn2", {1, 28, 28, 10}, 2},
    {"cnn3", {3, 16, 24, 5}, 2},
    {"lstm", {6, 1, 1, 1}, 3, kSmooth},
    {"lstm-3x5", {4, 7, 1, 2}, 3, kSmooth},
    {"resnet18-cifar", {3, 8, 8, 10}, 8},
    {"resnet18", {3, 32, 32, 10}, 4, kWithKinks, true},
    {"resnet50", {3, 32, 32, 10}, 4, kWithKinks, true},
};

Network network_of(const GradientCase& k) {
  Network net = build_network(k.net, k.input);
  if (!k.two_stages) return net;
  std::vector<Layer>& layers = net.layers;
  const auto third = std::find_if(layers.begin(), layers.end(),
                                  [](const Layer& l) { return l.name == "layer3.0.conv1"; });
  const auto behind = std::find_if(
      third, layers.end(), [](const Layer& l) { return l.kind == Layer::Kind::global_avg_pool; });
  layers.erase(third, behind);
  return make_network(net.name, net.task, k.input, layers);
}

double length(reference::View v) { return std::sqrt(reference::dot(v, v)); }

double distance(reference::View a, reference::View b) {
  reference::require_size(a.size(), b.size(), "distance");
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

}  // namespace

BOOST_DATA_TEST_CASE(each_tensor_has_its_gradient, data::make(kGradientCases), k) {
  if (testing_emulated() && k.resnet()) {
    BOOST_TEST_MESSAGE("skipped: too slow thread by thread");
    return;
  }
  const TrainingPass pass(network_of(k), k.batch);
  DoubleNetwork exact(pass.net, pass.weights.theta, pass.input, static_cast<std::size_t>(k.batch));
  // As in pytorch_test.cpp: forty times what PyTorch's float32 is off by.
  BOOST_TEST(distance(pass.outputs(), exact.outputs()) <= 1e-4 * length(exact.outputs()));

  const Vector found = pass.gradient(), want = exact.gradient(pass.dy);
  const auto part = [](const Vector& of, const ParamTensor& p) {
    return reference::View(of).subspan(p.offset, p.size);
  };
  std::map<std::string, double> squares_of_layer;
  for (const ParamTensor& p : pass.net.params)
    squares_of_layer[p.layer] += std::pow(length(part(want, p)), 2);
  double worst = 0;
  std::string where;
  for (const ParamTensor& p : pass.net.params) {
    const double of_layer = std::sqrt(squares_of_layer[p.layer]);
    const double off = distance(part(found, p), part(want, p)) /
                       std::max(length(part(want, p)), kOfLayer * of_layer);
    BOOST_TEST(off <= k.tolerance, p.name << ": off by " << off << " of its length");  // NaN fails
    if (off > worst) worst = off, where = p.name;
  }
  BOOST_TEST_MESSAGE("  " << k << ": " << where << " is off by " << worst << " of its length");
}
