#include <array>

#include "common/error.hpp"
#include "nets/network.hpp"

/// The paper's target networks, a list of layers each (appendix of the paper; counts in the tests).
namespace mapnet {

namespace {

/// CNN1, AlexNet-like: 537,994 parameters for 1x28x28 and 10 classes.
std::vector<Layer> cnn1(int classes) {
  return {conv("conv1", 32, 3, 1),
          relu(),
          max_pool(2),
          conv("conv2", 64, 3, 1),
          relu(),
          max_pool(2),
          conv("conv3", 128, 3, 1),
          relu(),
          conv("conv4", 128, 3, 1),
          relu(),
          max_pool(2),
          linear("fc1", 256),
          relu(),
          linear("fc2", classes)};
}

/// CNN2, LeNet-like: 108,618 parameters for 1x28x28 and 10 classes.
std::vector<Layer> cnn2(int classes) {
  return {conv("conv1", 16, 3, 0), relu(), max_pool(2),
          conv("conv2", 32, 3, 0), relu(), max_pool(2),
          linear("fc1", 128),      relu(), linear("fc2", classes)};
}

struct Entry {
  const char* name;
  std::vector<Layer> (*layers)(int classes);
};
constexpr std::array kNetworks = {Entry{"cnn1", cnn1}, Entry{"cnn2", cnn2}};

}  // namespace

std::vector<std::string> network_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kNetworks) names.emplace_back(entry.name);
  return names;
}

Network build_network(std::string_view name, int channels, int height, int width, int classes) {
  std::string known;
  for (const Entry& entry : kNetworks) {
    if (name == entry.name)
      return make_network(entry.name, channels, height, width, classes, entry.layers(classes));
    known += known.empty() ? entry.name : std::string(", ") + entry.name;
  }
  fail<UsageError>("unknown network '{}'; known: {}", name, known);
}

}  // namespace mapnet
