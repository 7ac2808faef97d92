#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "device/cuda/cudnn_plan.hpp"

/// What cuDNN offers for the networks' layers on GPUs that need not be there: since 9.8 it plans
/// for a described one. Nothing is run.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::cuda;

namespace {

struct GpuModel {
  const char* name;
  int sm, multiprocessors, shared_kib, blocks, threads, memory_gib, l2_mib, clock_mhz, memory_mhz;
};
std::ostream& operator<<(std::ostream& out, const GpuModel& gpu) { return out << gpu.name; }

const GpuModel kGpus[] = {{"Tesla T4", 750, 40, 64, 16, 1024, 15, 4, 1590, 5001},
                          {"A100", 800, 108, 163, 32, 2048, 40, 40, 1410, 1215},
                          {"RTX 3090", 860, 82, 99, 16, 1536, 24, 6, 1695, 9751},
                          {"RTX 4090", 890, 128, 99, 24, 1536, 24, 72, 2520, 10501},
                          {"H100", 900, 132, 227, 32, 2048, 80, 50, 1980, 2619},
                          {"B200", 1000, 148, 227, 32, 2048, 180, 126, 1965, 3996},
                          {"RTX 5090", 1200, 170, 99, 24, 1536, 32, 96, 2407, 14001}};

PlanTarget described(const GpuModel& gpu) {
  const std::string json =
      nlohmann::json({{"deviceName", gpu.name},
                      {"deviceVer", gpu.sm},
                      {"driverVer", 13000},
                      {"cudaDeviceId", 0},
                      {"pciDeviceId", 0},
                      {"isTccDriver", 0},
                      {"supportCoopLaunch", 1},
                      {"multiProcessorCount", gpu.multiprocessors},
                      {"smClockRateKHz", gpu.clock_mhz * 1000},
                      {"memClockRateKHz", gpu.memory_mhz * 1000},
                      {"l2CacheSize", gpu.l2_mib << 20},
                      {"totalGlobalMem", std::int64_t{gpu.memory_gib} << 30},
                      {"warpSize", 32},
                      {"regsPerBlock", 65536},
                      {"maxRegistersPerSM", 65536},
                      {"maxSharedMemoryPerBlock", 48 << 10},
                      {"maxSharedMemoryPerBlockOptin", gpu.shared_kib << 10},
                      {"reservedSharedMemoryPerBlock", gpu.sm < 800 ? 0 : 1024},
                      {"maxCtasPerSM", gpu.blocks},
                      {"maxThreadsPerSM", gpu.threads},
                      {"maxThreadsPerBlock", 1024},
                      {"maxBlockSize", {1024, 1024, 64}},
                      {"maxGridSize", {2147483647, 65535, 65535}}})
          .dump();
  auto device = std::make_shared<Descriptor>(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  device->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
              std::vector<char>(json.begin(), json.end()));
  device->finalize(gpu.name);
  return {nullptr, std::move(device)};
}

struct Layer {
  int channels, size, out, padding, kernel = 3, stride = 1;
};
/// The convolutions of CNN1, then CNN2's.
const Layer kCnns[] = {{1, 28, 32, 1},   {32, 14, 64, 1}, {64, 7, 128, 1},
                       {128, 7, 128, 1}, {1, 28, 16, 0},  {16, 13, 32, 0}};
/// Some of ResNet-50's: the stem, a bottleneck of the first stage, the one that begins the second
/// and its shortcut, and the last stage's widest.
const Layer kResNet[] = {{3, 224, 64, 3, 7, 2},   {64, 56, 64, 0, 1},      {64, 56, 64, 1},
                         {64, 56, 256, 0, 1},     {128, 56, 128, 1, 3, 2}, {256, 56, 512, 0, 1, 2},
                         {512, 14, 512, 1, 3, 2}, {2048, 7, 512, 0, 1}};
/// A U-Net's transposed convolutions, as the convolutions that they are the adjoints of.
const Layer kUps[] = {{64, 14, 128, 0, 2, 2}, {32, 28, 64, 0, 2, 2}};
constexpr std::size_t kMostWorkspace = std::size_t{256} << 20;
constexpr ConvPass kPasses[] = {ConvPass::forward, ConvPass::backward_data,
                                ConvPass::backward_filter};

template <class F>
void for_each_convolution(const F& f) {
  const auto each_pass = [&](const Layer& l, int batch) {
    for (const ConvPass pass : kPasses)
      f(ConvShape{batch, l.channels, l.size, l.size, l.out, l.kernel, l.padding, l.stride}, pass);
  };
  for (const Layer& layer : kCnns)
    for (const int batch : {128, 512}) each_pass(layer, batch);
  for (const Layer& layer : kResNet) each_pass(layer, 32);
  for (const Layer& layer : kUps) each_pass(layer, 128);
}

bool uses_tensor_cores(const Convolution& plan) {
  return plan.engine().find("tensor cores") != std::string::npos;
}

}  // namespace

BOOST_DATA_TEST_CASE(every_layer_has_a_deterministic_float32_engine, data::make(kGpus), gpu) {
  const PlanTarget target = described(gpu);
  std::map<std::string, int> engines;
  std::size_t workspace = 0;
  for_each_convolution([&](const ConvShape& shape, ConvPass pass) {
    const auto plan = plan_convolution(target, pass, shape, FastMath::off);
    ++engines[plan->engine()];
    workspace = std::max(workspace, plan->workspace_bytes());
    BOOST_TEST(!uses_tensor_cores(*plan));
    const auto again = plan_convolution(target, pass, shape, FastMath::off);
    BOOST_TEST(again->engine() == plan->engine());
    BOOST_TEST(again->workspace_bytes() == plan->workspace_bytes());
  });
  BOOST_TEST(workspace <= kMostWorkspace);
  std::string used;
  for (const auto& [engine, count] : engines) used += fmt::format("; {} x {}", count, engine);
  BOOST_TEST_MESSAGE(gpu << ": workspaces up to " << workspace << " bytes" << used);
}

BOOST_DATA_TEST_CASE(fast_math_uses_tensor_cores_where_there_are_some, data::make(kGpus), gpu) {
  const PlanTarget target = described(gpu);
  int plans = 0, with_tensor_cores = 0;
  for_each_convolution([&](const ConvShape& shape, ConvPass pass) {
    ++plans;
    with_tensor_cores += uses_tensor_cores(*plan_convolution(target, pass, shape, FastMath::tf32));
  });
  BOOST_TEST_MESSAGE(gpu << ": " << with_tensor_cores << " of " << plans << " plans");
  if (gpu.sm < 800)
    BOOST_TEST(with_tensor_cores == 0);  // Turing's know no TF32
  else
    BOOST_TEST(with_tensor_cores > plans / 4);
}

BOOST_AUTO_TEST_CASE(a_failure_names_the_call_and_the_shape) {
  const auto names = [](const char* text) {
    return [text](const Error& error) {
      return std::string(error.what()).find(text) != std::string::npos;
    };
  };
  const PlanTarget target = described(kGpus[0]);
  BOOST_CHECK_EXCEPTION(
      plan_convolution(target, ConvPass::forward, {4, 0, 8, 8, 2, 3, 1}, FastMath::off), Error,
      names("convolution, forward, of [4, 0, 8, 8] with 2 3x3 filters, padding 1, stride 1: "
            "cuDNN: "));
}
