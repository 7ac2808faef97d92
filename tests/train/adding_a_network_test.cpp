#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "nets/network.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

using namespace mapnet;
using namespace mapnet::test;

// The example of docs/adding-a-network.md, as it stands there.
// begin example
namespace {

/// A residual block behind a stem: 12,714 parameters for 1x28x28 and 10 classes.
std::vector<Layer> tiny_layers(const NetworkInput& input) {
  return {conv("conv1", 16, 3, 1, 2, false),  // to 16 channels, 3x3, padding 1, stride 2, no bias
          batch_norm("bn1", "conv1"),         // counts as part of conv1 for layer-wise training
          named(relu(), "stem"),              // a name, so that the sum below can read it
          conv("conv2", 16, 3, 1),
          batch_norm("bn2", "conv2"),
          relu(),
          conv("conv3", 16, 3, 1, 1, false),
          batch_norm("bn3", "conv3"),
          add("bn3", "stem"),
          relu(),
          max_pool(2),
          linear("fc", input.classes)};
}

}  // namespace
// end example

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string example() {
  const std::string source = text_of(MAPNET_SOURCE_DIR "/tests/train/adding_a_network_test.cpp");
  const std::string begin = "// begin example\n", end = "// end example";
  const std::size_t from = source.find(begin) + begin.size();
  return source.substr(from, source.find(end) - from);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_page_shows_this_example) {
  const std::string page = text_of(MAPNET_SOURCE_DIR "/docs/adding-a-network.md");
  if (page.empty() && !std::filesystem::exists(MAPNET_SOURCE_DIR)) {
    BOOST_TEST_MESSAGE("not on the machine that has the sources");
    return;
  }
  BOOST_REQUIRE(!page.empty());
  BOOST_TEST(page.find(example()) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_added_network_trains) {
  const NetworkInput input = {1, 28, 28, 10};
  const Network net = make_network("tiny", Task::classify, input, tiny_layers(input));
  BOOST_TEST(net.param_count() == 12714u);
  BOOST_TEST(net.state_count() == 96u);
  const ToyData data(200, 40);
  for (const char* strategy : {"slvt", "lwt", "direct"}) BOOST_TEST_CONTEXT(strategy) {
      RunConfig config = small_run(strategy);
      config.latents.clear();  // as many as the layers of another network
      if (config.strategy == "lwt") config.latent = 200;
      config.epochs = 6;
      Session session(resolve(config, net), net, data.dataset, Purpose::train);
      const double first = session.train_epoch(0).loss;
      double last = first;
      for (int epoch = 1; epoch < config.epochs; ++epoch) last = session.train_epoch(epoch).loss;
      BOOST_TEST(last < 0.8 * first);
    }
}
