#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "device/op_harness.hpp"
#include "device/ops/fake_quantize.hpp"
#include "device/ops/step_control.hpp"
#include "export/trained_network.hpp"
#include "nets/catalogue.hpp"
#include "nets/int8.hpp"
#include "nets/low_rank.hpp"
#include "nets/lower.hpp"

/// Every network that mapnet knows, small, with random weights and inputs.
namespace mapnet::test {

struct NetworkCase {
  std::string name;
  NetworkInput input;
  std::string low_rank = {};
  bool features =
      false;  // inputs are features of videos: float32 as they are, in a picture's shape

  std::string label() const {
    return name + (low_rank.empty() ? "" : " " + low_rank) + (features ? " of features" : "");
  }
};

/// What `mapnet train --net cnn2` makes of videos.
inline const NetworkCase kVideoFeatures = {"cnn2", {1, 34, 64, 2}, {}, true};

inline std::ostream& operator<<(std::ostream& out, const NetworkCase& c) {
  return out << c.label();
}

inline std::vector<NetworkCase> network_cases() {
  return {{"cnn1", {1, 28, 28, 10}},     {"cnn1", {3, 28, 28, 10}, "fc1:16"},
          {"cnn2", {1, 28, 28, 10}},     {"cnn2", {1, 28, 28, 10}, "fc1:32,fc2:4"},
          {"cnn3", {3, 16, 24, 5}},      {"lstm", {24, 1, 1, 1}},
          {"lstm-1x7", {5, 12, 1, 1}},   {"lstm-3x5", {6, 2, 1, 1}},
          {"resnet18", {3, 32, 32, 10}}, {"resnet18-cifar", {3, 16, 16, 10}},
          {"resnet50", {3, 32, 32, 10}}, kVideoFeatures};
}

/// Weights as spread as a training begins with, but with every bias, gamma and running statistic
/// away from what would hide it.
inline TrainedNetwork with_random_weights(Network net, bool features = false,
                                          std::uint64_t seed = 1) {
  TrainedNetwork t;
  t.net = std::move(net);
  using Role = ParamTensor::Role;
  for (const ParamTensor& p : t.net.params) {
    const double spread = std::sqrt(3 * p.gain / p.fan_in);
    for (const double u : reference::uniform(p.size, ++seed))
      t.weights.push_back(static_cast<float>(p.role == Role::weight       ? u * spread
                                             : p.role == Role::norm_gamma ? 1 + u / 2
                                                                          : u / 4));
  }
  for (const StateTensor& s : t.net.state)
    for (const double u : reference::uniform(s.size, ++seed))
      t.state.push_back(static_cast<float>(s.initial + u / 4));
  if (t.net.task == Task::forecast || features) return t;
  for (int channel = 0; channel < t.net.channels; ++channel) {
    t.pixels.mean.push_back(0.4 + 0.1 * channel);
    t.pixels.stddev.push_back(0.3 - 0.05 * channel);
  }
  return t;
}

inline TrainedNetwork random_network(const NetworkCase& c, std::uint64_t seed = 1) {
  return with_random_weights(
      with_low_rank(build_network(c.name, c.input), parse_low_rank(c.low_rank)), c.features, seed);
}

/// The power of two nearest to a number, by its exponent.
inline float power_of_two(double x) {
  return static_cast<float>(std::exp2(std::round(std::log2(x))));
}

/// Made so that no float32 sum of its int8 form ever rounds: int8 values times powers of two, in
/// rows whose range is 127 of them. Whatever adds up the products in whatever order gets the same
/// bits, so an int8 value is never a matter of luck.
inline TrainedNetwork made_exact(TrainedNetwork t) {
  for (const ParamTensor& p : t.net.params) {
    const std::span<float> values = std::span(t.weights).subspan(p.offset, p.size);
    const float step = power_of_two(std::sqrt(3 * p.gain / p.fan_in) / 127);
    if (p.role == ParamTensor::Role::norm_gamma) {
      for (float& v : values) v = v > 1 ? 1.0f : 0.5f;
    } else if (!p.is_weight()) {
      for (float& v : values) v = std::round(v * 16) / 16;
    } else {
      for (float& v : values) v = int8_integer(v, 127 * step) * step;
      const std::size_t row = p.size / static_cast<std::size_t>(p.shape[0]);
      for (std::size_t i = 0; i < p.size; i += row) values[i] = 127 * step;
    }
  }
  for (const StateTensor& s : t.net.state)
    for (float& v : std::span(t.state).subspan(s.offset, s.size))
      v = s.initial > 0 ? 1.0f - 1e-5f : std::round(v * 16) / 16;  // with epsilon the variance is 1
  return t;
}

inline TrainedNetwork exact_network(const NetworkCase& c) { return made_exact(random_network(c)); }

/// theta, in which gammas are held less 1.
inline std::vector<float> theta_of(const TrainedNetwork& t) {
  std::vector<float> theta = t.weights;
  for (const ParamTensor& p : t.net.params)
    for (float& w : std::span(theta).subspan(p.offset, p.size)) w -= p.center();
  return theta;
}

inline std::size_t input_size(const Network& net) {
  return static_cast<std::size_t>(net.channels * net.height * net.width);
}

inline std::vector<std::uint8_t> random_pixels(const Network& net, std::size_t n) {
  std::vector<std::uint8_t> pixels;
  for (const double u : reference::uniform(n * input_size(net), 99, 0, 256))
    pixels.push_back(static_cast<std::uint8_t>(u));
  return pixels;
}

inline std::vector<float> random_windows(const Network& net, std::size_t n) {
  const Vector u = reference::uniform(n * input_size(net), 98, -0.2, 1.2);
  return {u.begin(), u.end()};
}

/// Inputs of either kind, n of them.
struct Inputs {
  std::vector<std::uint8_t> pixels;
  std::vector<float> windows;

  Inputs(const TrainedNetwork& t, std::size_t n) {
    if (t.pixels.mean.empty())
      windows = random_windows(t.net, n);
    else
      pixels = random_pixels(t.net, n);
  }
  std::string bytes() const {
    if (!pixels.empty()) return {reinterpret_cast<const char*>(pixels.data()), pixels.size()};
    return {reinterpret_cast<const char*>(windows.data()), windows.size() * sizeof(float)};
  }
};

/// mapnet's own logits.
inline std::vector<float> own_logits(const TrainedNetwork& t, const Inputs& inputs, std::size_t n,
                                     const std::vector<float>& ranges = {}) {
  Inference network(t.net, {static_cast<int>(n), t.pixels, ranges}, test_device(2));
  network.set_weights(theta_of(t), t.state);
  std::vector<float> logits(n * network.output_size());
  if (inputs.pixels.empty())
    network.run(inputs.windows, logits);
  else
    network.run(inputs.pixels, logits);
  return logits;
}

/// 127 times the power of two nearest to what would hold all that enters each weighted layer of the
/// float32 network: of some, more than there is, of others less, so that there are values out of
/// range.
inline std::vector<float> ranges_of(const TrainedNetwork& t, const Inputs& inputs, std::size_t n) {
  const Network& net = t.net;
  Vector x(inputs.windows.begin(), inputs.windows.end());
  for (std::size_t i = 0; i < inputs.pixels.size(); ++i) {
    const std::size_t plane = static_cast<std::size_t>(net.height * net.width);
    const PixelScale of = pixel_scale(t.pixels, i / plane % t.pixels.mean.size());
    x.push_back(static_cast<double>(static_cast<float>(inputs.pixels[i]) * of.scale + of.shift));
  }
  OpHarness h;
  const Tensor in = h.tensor(static_cast<int>(n), net.channels, net.height, net.width, 1, x);
  NetBuffers buffers;
  buffers.theta = h.array(theta_of(t));
  if (!t.state.empty()) buffers.state = h.array(t.state);
  const BufferId ranges = h.array(std::vector<float>(weighted_layers(net)));
  StepControl all;
  all.now.count = static_cast<int>(n);
  const BufferId control = h.object(all);
  std::size_t layer = 0;
  lower_forward(h.schedule, net, in, buffers, Pass::evaluate,
                [&](const Layer& l, const Tensor& seen) {
                  observe_range(h.schedule, l.name + ".observe", seen, ranges, layer++, control);
                });
  h.run();
  std::vector<float> found = h.read_all<float>(ranges, weighted_layers(net));
  for (float& range : found) range = 127 * power_of_two(static_cast<double>(range) / 127);
  return found;
}

}  // namespace mapnet::test
