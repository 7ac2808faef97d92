#include "train/features/feature_network.hpp"

#include <numeric>

#include "common/error.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/step_control.hpp"
#include "nets/lower.hpp"

namespace mapnet {

namespace {

/// Of a channel of 0 ... 1: what torchvision's pre-trained weights expect.
constexpr double kMean[] = {0.485, 0.456, 0.406};
constexpr double kStddev[] = {0.229, 0.224, 0.225};

StepControl control_for(std::size_t count) {
  StepControl c;
  for (int i = 0; i < 3; ++i) {
    c.pixel_scale[i] = static_cast<float>(1 / (255 * kStddev[i]));
    c.pixel_shift[i] = static_cast<float>(-kMean[i] / kStddev[i]);
  }
  c.now.count = static_cast<std::int32_t>(count);
  return c;
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
    : net_(without_head(classifier)), schedule_(std::move(device)) {
  if (net_.channels != 3)
    fail("network {}: features are of pictures of 3 channels, not {}", net_.name, net_.channels);
  const auto n = static_cast<std::size_t>(batch);
  x_.n = batch, x_.c = net_.channels, x_.h = net_.height, x_.w = net_.width;
  const auto persistent = [&](const char* name, const char* group, std::size_t bytes) {
    return schedule_.persistent_buffer(name, group, bytes);
  };
  control_ = persistent("control", "control", sizeof(StepControl));
  pictures_ = persistent("pictures", "data", n * x_.features());
  const BufferId labels = persistent("labels", "data", n);  // all 0: nobody asks
  const BufferId order = persistent("order", "data", n * sizeof(std::uint32_t));
  NetBuffers buffers;
  buffers.control = control_;
  buffers.theta = persistent("theta", "theta", net_.param_count() * sizeof(float));
  if (net_.state_count() > 0)
    buffers.state = persistent("state", "theta", net_.state_count() * sizeof(float));
  schedule_.begin(Phase::eval);
  x_.buffer = schedule_.buffer("x", "activations", x_.bytes());
  const BufferId targets = schedule_.buffer("targets", "activations", n * sizeof(std::int32_t));
  gather_batch(schedule_, "gather", {pictures_, labels, order, 1, -1}, control_, x_, targets);
  const ForwardTrace trace = lower_forward(schedule_, net_, x_, buffers, Pass::evaluate);
  y_ = relayout(schedule_, "features", trace.logits, 1);
  program_ = std::make_unique<Program>(schedule_, plan_arena(schedule_.lifetimes()));

  // The head comes last, so the rest lies at the same places with it and without.
  std::vector<float> theta(classifier.param_count()), state(classifier.state_count());
  read_pretrained(weights, classifier, 0, theta, state, flag);
  program_->write<float>(buffers.theta, std::span(theta).first(net_.param_count()));
  if (!state.empty()) program_->write<float>(buffers.state, state);
  std::vector<std::uint32_t> in_turn(n);
  std::iota(in_turn.begin(), in_turn.end(), 0u);
  program_->write<std::uint32_t>(order, in_turn);
}

void FeatureNetwork::run(std::span<const std::uint8_t> pictures, std::span<float> out) {
  const std::size_t count = pictures.size() / picture_bytes();
  if (count == 0 || count > static_cast<std::size_t>(batch()) ||
      pictures.size() != count * picture_bytes() || out.size() != count * features())
    fail(
        "network {}: expected 1 to {} pictures of {} bytes and room for {} features of each, "
        "found {} bytes and {} values",
        net_.name, batch(), picture_bytes(), features(), pictures.size(), out.size());
  const StepControl control = control_for(count);
  program_->write<StepControl>(control_, {&control, 1});
  program_->write<std::uint8_t>(pictures_, pictures);
  program_->run(Phase::eval);
  program_->read<float>(out, y_.buffer, y_.offset * sizeof(float));
  seen_ += count;
}

}  // namespace mapnet
