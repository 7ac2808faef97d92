#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <utility>

#include "device/op_harness.hpp"
#include "device/ops/step_control.hpp"
#include "nets/lower.hpp"

/// One pass of a network whose weights and inputs are a hash of their place, so that they need not
/// be stored: bench/peers/write_reference.py makes the same.
namespace mapnet::test {

/// n values in [-1, 1), as write_reference.py's uniform.
inline std::vector<float> uniform(std::size_t n, std::uint32_t stream) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t h = static_cast<std::uint32_t>(i) + stream * 0x9E3779B9u;
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    h ^= h >> 16;
    values[i] = static_cast<float>(h >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

inline Vector doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

struct Weights {
  std::vector<float> theta, state;
};

/// As write_reference.py's fill: streams count a module's tensors as PyTorch lists them, running
/// statistics behind a normalisation's beta.
inline Weights weights_of(const Network& net) {
  Weights w{std::vector<float>(net.param_count()), std::vector<float>(net.state_count())};
  std::uint32_t stream = 0;
  std::size_t next_state = 0;
  const auto fill = [&](float* to, std::size_t n, auto value) {
    const std::vector<float> u = uniform(n, ++stream);
    for (std::size_t i = 0; i < n; ++i) to[i] = value(u[i]);
  };
  const auto fill_state = [&](auto value) {
    const StateTensor& s = net.state[next_state++];
    fill(w.state.data() + s.offset, s.size, value);
  };
  using Role = ParamTensor::Role;
  for (const ParamTensor& p : net.params) {
    const double inputs = static_cast<double>(p.size) / p.shape[0];
    const float scale = static_cast<float>(std::sqrt(3.0 * 2.0 / inputs));
    fill(w.theta.data() + p.offset, p.size, [&](float u) {
      if (p.role == Role::weight) return u * scale;
      return p.role == Role::norm_gamma ? 1 + u / 2 - p.center() : u / 4;
    });
    if (p.role != Role::norm_beta) continue;
    fill_state([](float u) { return u / 4; });
    fill_state([](float u) { return 1 + u / 2; });
  }
  return w;
}

/// A network with its weights and a batch, ready for a pass.
struct OnePass {
  OpHarness h;
  Network net;
  Weights weights;
  Vector input;  ///< [N, C, H, W]
  Tensor x;      ///< of it
  NetBuffers buffers;

  OnePass(Network network, int batch) : net(std::move(network)), weights(weights_of(net)) {
    buffers.theta = h.array(weights.theta);
    if (!weights.state.empty()) buffers.state = h.array(weights.state);
    StepControl control;
    control.now.count = batch;
    buffers.control = h.object(control);
    const auto size = static_cast<std::size_t>(batch) *
                      static_cast<std::size_t>(net.channels * net.height * net.width);
    input = doubles(uniform(size, 1000));
    x = h.tensor(batch, net.channels, net.height, net.width, 1, input);
  }
  OnePass(const OnePass&) = delete;  // what is lowered refers to the network
};

/// A training pass that has run, with every buffer still there. Its loss is sum(y * dy).
struct TrainingPass : OnePass {
  Vector dy;
  Tensor y;
  BufferId dtheta;

  TrainingPass(Network network, int batch) : OnePass(std::move(network), batch) {
    const ForwardTrace trace = lower_forward(h.schedule, net, x, buffers, Pass::train);
    y = trace.logits;
    dy = doubles(uniform(static_cast<std::size_t>(y.n) * y.features(), 1001));
    dtheta = h.output(net.param_count());
    lower_backward(h.schedule, trace, h.tensor(y.n, y.c, y.h, y.w, y.channel_block, dy), dtheta);
    h.run();
  }
  Vector outputs() const { return h.read(y); }
  Vector gradient() const { return h.read(dtheta, net.param_count()); }
};

}  // namespace mapnet::test
