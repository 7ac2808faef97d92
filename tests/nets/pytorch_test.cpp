#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "nets/one_pass.hpp"
#include "pytorch_outputs.hpp"

/// Networks beside PyTorch's, in double, of the same weights: bench/peers/write_reference.py made
/// the file. It holds sums and a few values of a whole gradient: each tensor's own is in
/// gradient_test.cpp.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

using Json = nlohmann::json;

Network network_of(const Json& c) {
  const auto shape = c.at("input").get<std::vector<int>>();
  Network net = build_network(
      c.at("net").get<std::string>(),
      {shape[1], shape[2], shape.size() > 3 ? shape[3] : 1, c.at("outputs").get<int>()});
  BOOST_TEST(net.param_count() == c.at("parameters").get<std::size_t>());
  return net;
}
int batch_of(const Json& c) { return c.at("input").at(0).get<int>(); }

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

const Json kPytorchCases = Json::parse(kPytorchOutputs).at("cases");

/// The emulated GPU runs each thread in turn: ResNets are for real ones.
bool too_slow(const Json& c) {
  return testing_emulated() && c.at("net").get<std::string>().rfind("resnet", 0) == 0;
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Json& c : kPytorchCases) all.push_back(c.at("net"));
  return all;
}
const Json& case_of(const std::string& net) {
  return *std::find_if(kPytorchCases.begin(), kPytorchCases.end(),
                       [&](const Json& c) { return c.at("net") == net; });
}

}  // namespace

BOOST_DATA_TEST_CASE(outputs_are_pytorchs, data::make(names()), net) {
  const Json& c = case_of(net);
  if (too_slow(c)) return;
  OnePass pass(network_of(c), batch_of(c));
  const ForwardTrace trace =
      lower_forward(pass.h.schedule, pass.net, pass.x, pass.buffers, Pass::evaluate);
  pass.h.run();
  check_summary(pass.h.read(trace.logits), c.at("evaluated"), "outputs");
}

BOOST_DATA_TEST_CASE(a_training_pass_is_pytorchs, data::make(names()), net) {
  const Json& c = case_of(net);
  if (too_slow(c)) return;
  const TrainingPass pass(network_of(c), batch_of(c));
  check_summary(pass.outputs(), c.at("trained"), "outputs");
  check_summary(pass.gradient(), c.at("gradient"), "gradient");
  if (pass.net.state_count() > 0)
    check_summary(pass.h.read(pass.buffers.state, pass.net.state_count()), c.at("state"),
                  "running statistics");
}
