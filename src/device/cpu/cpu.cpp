#include <fmt/core.h>
#include <omp.h>

#include <cstring>
#include <fstream>

#include "common/stopwatch.hpp"
#include "device/cpu/machine_peak.hpp"
#include "device/ops.hpp"
#include "memory/arena.hpp"

namespace mapnet {

namespace cpu {

#define MAPNET_OP(name) decltype(mapnet::name) name;
MAPNET_OPS(MAPNET_OP)
#undef MAPNET_OP

namespace {

constexpr Ops kOps = {
#define MAPNET_OP(name) .name = cpu::name,
    MAPNET_OPS(MAPNET_OP)
#undef MAPNET_OP
};

class HostExecutor : public Executor {
 public:
  HostExecutor(std::size_t arena_bytes, int n_threads)
      : arena_(arena_bytes), n_threads_(n_threads) {}
  std::byte* data() const override { return arena_.data(); }
  void write(std::byte* to, const void* from, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void read(void* to, const std::byte* from, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }
  void run(int /*phase*/, const std::vector<Run>& steps, bool /*recordable*/) override {
    omp_set_num_threads(n_threads_);  // oneDNN takes as many as it may
    for (const Run& step : steps) step();
  }
  void wait() override {}
  bool peek(void* to, const std::byte* from, std::size_t bytes) override {
    std::memcpy(to, from, bytes);
    return true;
  }
  double seconds(const std::vector<Run>& steps, int repeats) override {
    const Stopwatch watch;
    for (int i = 0; i < repeats; ++i) run(0, steps, false);
    return watch.seconds() / repeats;
  }

 private:
  Arena arena_;
  const int n_threads_;
};

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  std::string line;
  while (std::getline(info, line))
    if (line.rfind("model name", 0) == 0 && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown processor";
}

class Cpu : public Device {
 public:
  /// oneDNN plans its primitives for the threads that it may take when a schedule is built.
  explicit Cpu(int n_threads) : n_threads_(n_threads) { omp_set_num_threads(n_threads); }
  DeviceKind kind() const override { return DeviceKind::cpu; }
  std::string description() const override {
    return fmt::format("cpu ({}, {} thread{})", processor_name(), n_threads_,
                       n_threads_ == 1 ? "" : "s");
  }
  int n_threads() const override { return n_threads_; }
  const Ops& ops() const override { return kOps; }
  std::unique_ptr<Executor> allocate(std::size_t arena_bytes) override {
    return std::make_unique<HostExecutor>(arena_bytes, n_threads_);
  }
  Peak measure_peak() override { return measure_machine_peak(n_threads_); }

 private:
  int n_threads_;
};

}  // namespace

}  // namespace cpu

std::shared_ptr<Device> open_cpu(int n_threads) { return std::make_shared<cpu::Cpu>(n_threads); }

}  // namespace mapnet
