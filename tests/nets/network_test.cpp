#include "nets/network.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "common/error.hpp"

using namespace mapnet;

namespace {

constexpr NetworkInput kGrey = {1, 28, 28, 10};
constexpr NetworkInput kPhoto = {3, 224, 224, 1000};

std::size_t values_below(const Network& net, const std::string& prefix) {
  std::size_t n = 0;
  for (const ParamTensor& p : net.params)
    if (p.name.rfind(prefix, 0) == 0) n += p.size;
  return n;
}

void check_tensor(const Network& net, const std::string& name, const std::vector<int>& shape) {
  BOOST_TEST_CONTEXT(net.name << " " << name)
  BOOST_TEST(net.param(name).shape == shape, boost::test_tools::per_element());
}

}  // namespace

/// The paper's and torchvision's counts, to the unit.
BOOST_AUTO_TEST_CASE(parameter_counts) {
  BOOST_TEST(build_network("cnn1", kGrey).param_count() == 537'994u);
  BOOST_TEST(build_network("cnn2", kGrey).param_count() == 108'618u);
  BOOST_TEST(build_network("cnn3", {3, 256, 256, 19}).param_count() == 1'734'803u);
  BOOST_TEST(build_network("lstm", {24, 1, 1, 1}).param_count() == 12'961u);
  BOOST_TEST(build_network("lstm-1x32", {24, 67, 1, 1}).param_count() == 12'961u);
  BOOST_TEST(build_network("resnet18", kPhoto).param_count() == 11'689'512u);
  BOOST_TEST(build_network("resnet18-cifar", {3, 32, 32, 10}).param_count() == 11'173'962u);
  BOOST_TEST(build_network("resnet50", kPhoto).param_count() == 25'557'032u);
}

/// "L-4, FC" of the paper's fine-tuning: 17.0 M of 25.6 M.
BOOST_AUTO_TEST_CASE(last_stage_of_resnet50) {
  const Network net = build_network("resnet50", kPhoto);
  BOOST_TEST(values_below(net, "layer4.") + values_below(net, "fc.") == 17'013'736u);
}

/// Running statistics are beside theta, not in it: torchvision's ResNet-50 has 53,120 of them.
BOOST_AUTO_TEST_CASE(running_statistics_are_not_parameters) {
  const Network net = build_network("resnet50", kPhoto);
  BOOST_TEST(net.state_count() == 53'120u);
  BOOST_TEST(net.state_tensor("bn1.running_var").initial == 1.0f);
  BOOST_TEST(net.state_tensor("layer4.2.bn3.running_mean").size == 2048u);
  BOOST_TEST(build_network("cnn2", kGrey).state_count() == 0u);
}

BOOST_AUTO_TEST_CASE(names_and_shapes_are_pytorchs) {
  const Network resnet = build_network("resnet50", kPhoto);
  check_tensor(resnet, "conv1.weight", {64, 3, 7, 7});
  check_tensor(resnet, "layer1.0.conv3.weight", {256, 64, 1, 1});
  check_tensor(resnet, "layer1.0.downsample.0.weight", {256, 64, 1, 1});
  check_tensor(resnet, "layer3.5.bn2.bias", {256});
  check_tensor(resnet, "layer4.0.downsample.1.weight", {2048});
  check_tensor(resnet, "fc.weight", {1000, 2048});
  BOOST_TEST(resnet.params.size() == 161u);  // as len(list(resnet50().parameters()))
  const Network lstm = build_network("lstm", {24, 1, 1, 1});
  check_tensor(lstm, "lstm.weight_ih_l0", {128, 1});
  check_tensor(lstm, "lstm.weight_ih_l1", {128, 32});
  check_tensor(lstm, "lstm.bias_hh_l1", {128});
  check_tensor(lstm, "fc.weight", {1, 32});
  const Network unet = build_network("cnn3", {3, 64, 64, 19});
  check_tensor(unet, "dec3.up.weight", {256, 128, 2, 2});
  check_tensor(unet, "dec3.conv1.weight", {128, 256, 3, 3});
  check_tensor(unet, "head.weight", {19, 32, 1, 1});
}

/// Layer-wise training has one z for a convolution and what normalises it, and for a layer of an
/// LSTM.
BOOST_AUTO_TEST_CASE(layers_of_their_own) {
  const Network resnet = build_network("resnet18-cifar", {3, 32, 32, 10});
  BOOST_TEST(resnet.param("layer2.0.bn1.weight").layer == "layer2.0.conv1");
  BOOST_TEST(resnet.param("layer2.0.downsample.1.bias").layer == "layer2.0.downsample.0");
  std::set<std::string> layers;
  for (const ParamTensor& p : resnet.params) layers.insert(p.layer);
  BOOST_TEST(layers.size() == 21u);  // 17 convolutions, 3 projections, fc
  const Network lstm = build_network("lstm", {24, 1, 1, 1});
  BOOST_TEST(lstm.param("lstm.bias_ih_l1").layer == "lstm_l1");
}

/// A graph's layers read what they name; sizes are what strides and padding make of them.
BOOST_AUTO_TEST_CASE(wiring) {
  const Network net = build_network("resnet18", kPhoto);
  const auto at = [&](const std::string& name) {
    return static_cast<int>(std::find_if(net.layers.begin(), net.layers.end(),
                                         [&](const Layer& l) { return l.name == name; }) -
                            net.layers.begin());
  };
  const Layer& sum = net.layers[static_cast<std::size_t>(at("layer2.0.add"))];
  BOOST_TEST(sum.inputs == (std::vector<int>{at("layer2.0.bn2"), at("layer2.0.downsample.1")}),
             boost::test_tools::per_element());
  const Layer& projection = net.layers[static_cast<std::size_t>(at("layer2.0.downsample.0"))];
  BOOST_TEST(projection.inputs == (std::vector<int>{at("layer1.1.relu")}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(mistakes_in_a_description) {
  const NetworkInput in = {1, 8, 8, 4};
  const auto make = [&](std::vector<Layer> layers) {
    return make_network("wrong", Task::classify, in, std::move(layers));
  };
  BOOST_CHECK_THROW(make({reading(conv("a", 4, 3, 1), "b"), linear("fc", 4)}), Error);
  BOOST_CHECK_THROW(make({conv("a", 4, 3, 1), conv("a", 4, 3, 1), linear("fc", 4)}), Error);
  BOOST_CHECK_THROW(make({conv("a", 4, 3, 1), conv("b", 5, 3, 1), add("a", "b"), linear("fc", 4)}),
                    Error);
  BOOST_CHECK_THROW(
      make({conv("a", 4, 3, 1), conv("b", 4, 3, 0), concat("a", "b"), linear("fc", 4)}), Error);
  BOOST_CHECK_THROW(make({linear("fc", 5)}), Error);     // not 4 classes
  BOOST_CHECK_THROW(make({conv("a", 4, 9, 0)}), Error);  // larger than the image
  BOOST_CHECK_THROW(build_network("lstm-0x32", in), UsageError);
  BOOST_CHECK_THROW(build_network("lstm-2y32", in), UsageError);
  BOOST_CHECK_THROW(build_network("vgg", in), UsageError);
}

BOOST_AUTO_TEST_CASE(tasks) {
  BOOST_TEST((network_task("cnn2") == Task::classify));
  BOOST_TEST((network_task("cnn3") == Task::segment));
  BOOST_TEST((network_task("lstm-3x8") == Task::forecast));
}
