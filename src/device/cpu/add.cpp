#include "device/ops/add.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 32768;  // floats a task

MAPNET_CPU_LEVELS void add(float* y, const float* a, const float* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

MAPNET_CPU_LEVELS void add_relu(float* y, const float* a, const float* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float sum = a[i] + b[i];
    y[i] = sum > 0 ? sum : 0.0f;
  }
}

}  // namespace

Tensor add_forward(Schedule& schedule, const std::string& name, const Tensor& a, const Tensor& b,
                   bool relu) {
  require_same_layout(name, a, b);
  Tensor y = a;
  y.offset = 0;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step;
  step.name = name + ".forward";
  step.reads = {a.buffer, b.buffer};
  step.writes = {y.buffer};
  step.flops = static_cast<double>(a.padded_size());
  step.bytes = 3.0 * static_cast<double>(a.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* one = memory.at<const float>(a.buffer) + a.offset;
    const auto* other = memory.at<const float>(b.buffer) + b.offset;
    auto* to = memory.at<float>(y.buffer);
    const std::size_t n = y.padded_size();
    return [=, chunks = static_cast<int>((n + kChunk - 1) / kChunk)] {
      parallel_for(chunks, n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        (relu ? add_relu : add)(to + begin, one + begin, other + begin,
                                std::min(kChunk, n - begin));
      });
    };
  };
  schedule.add(std::move(step));
  return y;
}

}  // namespace mapnet::cpu
