#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "device/op_harness.hpp"
#include "device/ops/step_control.hpp"
#include "nets/lower.hpp"
#include "pytorch_outputs.hpp"

/// Networks beside PyTorch's, in double, of the same weights: bench/peers/write_reference.py made
/// the file. Weights and inputs are a hash of their place, so they need not be stored.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

using Json = nlohmann::json;

/// n values in [-1, 1), as write_reference.py's uniform.
std::vector<float> uniform(std::size_t n, std::uint32_t stream) {
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

struct Weights {
  std::vector<float> theta, state;
};

/// As write_reference.py's fill: streams count a module's tensors as PyTorch lists them, running
/// statistics behind a normalisation's beta.
Weights weights_of(const Network& net) {
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

Vector doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

/// One pass over given weights, with every buffer still there.
struct OnePass {
  OpHarness h;
  Network net;
  Tensor x;
  NetBuffers buffers;

  explicit OnePass(const Json& c) {
    const auto shape = c.at("input").get<std::vector<int>>();
    const NetworkInput input = {shape[1], shape[2], shape.size() > 3 ? shape[3] : 1,
                                c.at("outputs")};
    net = build_network(c.at("net").get<std::string>(), input);
    BOOST_TEST(net.param_count() == c.at("parameters").get<std::size_t>());
    const Weights w = weights_of(net);
    buffers.theta = h.array(w.theta);
    if (!w.state.empty()) buffers.state = h.array(w.state);
    StepControl control;
    control.now.count = shape[0];
    buffers.control = h.object(control);
    const auto size = static_cast<std::size_t>(shape[0]) *
                      static_cast<std::size_t>(input.channels * input.height * input.width);
    x = h.tensor(shape[0], input.channels, input.height, input.width, 1,
                 doubles(uniform(size, 1000)));
  }
};

/// What float32 may be off by: four times what PyTorch's float32 is off by itself, as a root mean
/// square, since both round the same sums in orders of their own; 1e-4 where that is less.
double tolerance_of(const Json& want) {
  return std::max(1e-4, 4 * want.at("float32_off").get<double>());
}

void check_summary(const Vector& found, const Json& want, const char* what) {
  const double tolerance = tolerance_of(want);
  BOOST_TEST_CONTEXT(what) {
    const auto n = want.at("size").get<std::size_t>();
    BOOST_REQUIRE(found.size() == n);
    const double rms = std::sqrt(want.at("squares").get<double>() / static_cast<double>(n));
    const auto values = want.at("values").get<std::vector<double>>();
    const auto step = want.at("step").get<std::size_t>();
    double off = 0, sum = 0, squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) off += std::pow(found[i * step] - values[i], 2);
    off = std::sqrt(off / static_cast<double>(values.size())) / rms;
    for (const double v : found) sum += v, squares += v * v;
    BOOST_TEST_MESSAGE("  " << what << ": off by " << off
                            << " of their root mean square, PyTorch by " << want.at("float32_off"));
    BOOST_TEST(off <= tolerance);  // NaN fails
    BOOST_TEST(std::abs(sum - want.at("sum").get<double>()) <=
               tolerance * rms * static_cast<double>(n));
    BOOST_TEST(std::abs(squares / want.at("squares").get<double>() - 1) <= 2 * tolerance);
  }
}

const Json kCases = Json::parse(kPytorchOutputs).at("cases");

/// The emulated GPU runs each thread in turn: ResNets are for real ones.
bool too_slow(const Json& c) {
  return testing_emulated() && c.at("net").get<std::string>().rfind("resnet", 0) == 0;
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Json& c : kCases) all.push_back(c.at("net"));
  return all;
}
const Json& case_of(const std::string& net) {
  return *std::find_if(kCases.begin(), kCases.end(),
                       [&](const Json& c) { return c.at("net") == net; });
}

}  // namespace

BOOST_DATA_TEST_CASE(outputs_are_pytorchs, data::make(names()), net) {
  const Json& c = case_of(net);
  if (too_slow(c)) return;
  OnePass pass(c);
  const ForwardTrace trace =
      lower_forward(pass.h.schedule, pass.net, pass.x, pass.buffers, Pass::evaluate);
  pass.h.run();
  check_summary(pass.h.read(trace.logits), c.at("evaluated"), "outputs");
}

BOOST_DATA_TEST_CASE(a_training_pass_is_pytorchs, data::make(names()), net) {
  const Json& c = case_of(net);
  if (too_slow(c)) return;
  OnePass pass(c);
  Schedule& schedule = pass.h.schedule;
  const ForwardTrace trace = lower_forward(schedule, pass.net, pass.x, pass.buffers, Pass::train);
  const Tensor& y = trace.logits;
  const std::size_t n = static_cast<std::size_t>(y.n) * y.features();
  const Tensor dy = pass.h.tensor(y.n, y.c, y.h, y.w, y.channel_block, doubles(uniform(n, 1001)));
  const BufferId dtheta = pass.h.output(pass.net.param_count());
  lower_backward(schedule, trace, dy, dtheta);
  pass.h.run();
  check_summary(pass.h.read(y), c.at("trained"), "outputs");
  check_summary(pass.h.read(dtheta, pass.net.param_count()), c.at("gradient"), "gradient");
  if (pass.net.state_count() > 0)
    check_summary(pass.h.read(pass.buffers.state, pass.net.state_count()), c.at("state"),
                  "running statistics");
}
