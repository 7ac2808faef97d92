#include "train/features/feature_network.hpp"

#include "common/error.hpp"

namespace mapnet {

namespace {

/// What torchvision's pre-trained weights expect.
const PixelStatistics kImageNet = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};

Network require_pictures(Network net) {
  if (net.channels != 3)
    fail("network {}: features are of pictures of 3 channels, not {}", net.name, net.channels);
  return net;
}

}  // namespace

Network without_head(const Network& classifier) {
  std::vector<Layer> layers = classifier.layers;
  if (layers.empty() || layers.back().kind != Layer::Kind::linear)
    fail("network {}: does not end in a fully connected layer, whose input would be its features",
         classifier.name);
  const int features = classifier.param(layers.back().name + ".weight").shape.at(1);
  layers.pop_back();
  return make_network(classifier.name + " without its head", Task::classify,
                      {classifier.channels, classifier.height, classifier.width, features},
                      std::move(layers));
}

FeatureNetwork::FeatureNetwork(const Network& classifier, const Pretrained& weights, int batch,
                               std::shared_ptr<Device> device, const char* flag)
    : net_(require_pictures(without_head(classifier))),
      inference_(net_, {batch, kImageNet}, std::move(device)) {
  // The head comes last, so the rest lies at the same places with it and without.
  std::vector<float> theta(classifier.param_count()), state(classifier.state_count());
  read_pretrained(weights, classifier, 0, theta, state, flag);
  inference_.set_weights(std::span(theta).first(net_.param_count()), state);
}

void FeatureNetwork::run(std::span<const std::uint8_t> pictures, std::span<float> out) {
  inference_.run(pictures, out);
  seen_ += pictures.size() / picture_bytes();
}

}  // namespace mapnet
