#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "common/temporary.hpp"
#include "export/commands.hpp"
#include "export/onnx_network.hpp"
#include "export/onnxruntime_python.hpp"
#include "export/random_networks.hpp"

/// ONNX Runtime beside our own forward pass, for every network.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr std::size_t kMost = 3;  // inputs at a time

std::string test_folder() { return std::string(MAPNET_SOURCE_DIR) + "/tests/export/"; }

std::vector<float> difference(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> d(a.size());
  std::ranges::transform(a, b, d.begin(), std::minus());
  return d;
}

double largest(const std::vector<float>& values) {
  double most = 0;
  for (const double v : values) most = std::isnan(v) ? v : std::max(most, std::abs(v));
  return most;
}

/// Models, inputs and where their outputs go; run all at once, since Python is slow to begin.
class Jobs {
 public:
  /// Returns the job's number.
  std::size_t add(const onnx::Model& model, const std::string& inputs, std::size_t count) {
    const std::string n = std::to_string(count_++);
    folder_.write(n + ".onnx", onnx::serialise(model));
    folder_.write(n + ".in", inputs);
    add_line(n, n, count);
    return count_ - 1;
  }
  /// The same model once more.
  std::size_t again(std::size_t job, const std::string& inputs, std::size_t count) {
    const std::string n = std::to_string(count_++);
    folder_.write(n + ".in", inputs);
    add_line(std::to_string(job), n, count);
    return count_ - 1;
  }
  void run(const std::string& python) const {
    folder_.write("jobs", lines_);
    output_of(python + " " + test_folder() + "run_onnx.py " + (folder_.path / "jobs").string());
  }
  std::vector<float> outputs(std::size_t job) const {
    const std::string bytes = read_file(folder_.path / (std::to_string(job) + ".out"));
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    return values;
  }

 private:
  void add_line(const std::string& model, const std::string& n, std::size_t count) {
    const std::string at = folder_.path.string() + "/";
    lines_ += at + model + ".onnx\t" + at + n + ".in\t" + std::to_string(count) + "\t" + at + n +
              ".out\n";
  }

  Folder folder_;
  std::string lines_;
  std::size_t count_ = 0;
};

std::vector<float> one_of(const std::vector<float>& logits) {
  return {logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(logits.size() / kMost)};
}

void check_float32(const std::string& what, const std::vector<float>& want,
                   const std::vector<float>& found) {
  BOOST_REQUIRE(found.size() == want.size());
  // Logits of random weights are larger than 1 in the deep networks: there it is of their size.
  const double scale = std::max(1.0, largest(want)), off = largest(difference(want, found));
  BOOST_TEST(off <= 1e-4 * scale, what << ": off by " << off << " of " << largest(want));
  BOOST_TEST(largest(want) > 1e-3);
}

/// An exact_network's, whose int8 values nothing can move: the same to the bit, but for what an
/// LSTM's exponentials are off by.
void check_int8(const std::string& what, const std::vector<float>& full,
                const std::vector<float>& want, const std::vector<float>& found) {
  BOOST_REQUIRE(found.size() == want.size());
  const double off = largest(difference(want, found)), rounding = largest(difference(want, full));
  BOOST_TEST_MESSAGE("  " << what << ": int8 is off by " << off << ", rounding moves logits by "
                          << rounding << " of " << largest(full));
  BOOST_TEST(rounding > 0);
  const bool lstm = what.rfind("lstm", 0) == 0;
  BOOST_TEST(off <= (lstm ? 1e-6 : 0), what << ": off by " << off);
}

/// Ends the program where there is no ONNX Runtime, in the way CTest counts as skipped.
struct SkipWithoutOnnxRuntime {
  SkipWithoutOnnxRuntime() {
    if (!onnxruntime_python().empty()) return;
    std::cout << "skipped: no ONNX Runtime here; scripts/install-deps --onnxruntime gets it"
              << std::endl;
    std::_Exit(77);
  }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutOnnxRuntime);

BOOST_AUTO_TEST_CASE(onnxruntime_gives_our_logits) {
  const std::string python = onnxruntime_python();
  const std::string version = output_of(python + " " + test_folder() + "run_onnx.py");
  BOOST_TEST_MESSAGE("ONNX Runtime " << version);
  struct Case {
    std::string label;
    std::vector<float> full = {}, exact_full = {}, exact_int8 = {};
    std::size_t full_job = 0, one_job = 0, int8_job = 0;
  };
  std::vector<Case> cases;
  Jobs jobs;
  for (const NetworkCase& c : network_cases()) {
    Case made = {.label = c.label()};
    const TrainedNetwork t = random_network(c), exact = exact_network(c);
    const Inputs inputs(t, kMost);
    const std::string all = inputs.bytes();
    made.full = own_logits(t, inputs, kMost);
    made.full_job = jobs.add(onnx::onnx_model(t), all, kMost);
    made.one_job = jobs.again(made.full_job, all.substr(0, all.size() / kMost), 1);
    const std::vector<float> ranges = ranges_of(exact, inputs, kMost);
    made.exact_full = own_logits(exact, inputs, kMost);
    made.exact_int8 = own_logits(exact, inputs, kMost, ranges);
    made.int8_job = jobs.add(onnx::onnx_model(exact, ranges), all, kMost);
    cases.push_back(std::move(made));
  }
  jobs.run(python);
  for (const Case& c : cases) {
    check_float32(c.label, c.full, jobs.outputs(c.full_job));
    check_float32(c.label + ", one", one_of(c.full), jobs.outputs(c.one_job));
    check_int8(c.label, c.exact_full, c.exact_int8, jobs.outputs(c.int8_job));
  }
}
