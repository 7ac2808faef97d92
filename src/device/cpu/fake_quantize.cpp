#include "device/ops/fake_quantize.hpp"

#include <algorithm>
#include <cstdint>

#include "device/cpu/parallel.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

namespace {

/// Magnitudes order as their bits do, and integers' maxima are vectorised.
MAPNET_CPU_LEVELS float largest(const float* x, std::size_t n) {
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < n; ++i)
    most = std::max(most, math::float_to_bits(x[i]) & 0x7fffffffu);
  return math::bits_to_float(most);
}

MAPNET_CPU_LEVELS void round_values(float* x, std::size_t n, float range) {
  for (std::size_t i = 0; i < n; ++i) x[i] = int8_rounded(x[i], range);
}

constexpr std::size_t kChunk = 16384;  // floats a task

/// Of [0, n) in chunks of kChunk.
int chunks_of(std::size_t n) { return static_cast<int>((n + kChunk - 1) / kChunk); }

}  // namespace

void observe_range(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index, BufferId control) {
  const BufferId parts =
      schedule.buffer(name + ".parts", "workspace",
                      static_cast<std::size_t>(chunks_of(x.padded_size())) * sizeof(float));
  Step step;
  step.name = name;
  step.reads = {x.buffer, ranges, control};
  step.writes = {ranges, parts};
  step.bytes = static_cast<double>(x.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* values = memory.at<const float>(x.buffer) + x.offset;
    auto* range = memory.at<float>(ranges) + index;
    auto* of_chunk = memory.at<float>(parts);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      const std::size_t n = x.images(0, std::min(c->now.count, x.n)).padded_size();
      const int chunks = chunks_of(n);
      parallel_for(chunks, n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        of_chunk[k] = largest(values + begin, std::min(kChunk, n - begin));
      });
      for (int k = 0; k < chunks; ++k) *range = std::max(*range, of_chunk[k]);
    };
  };
  schedule.add(std::move(step));
}

void fake_quantize(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index) {
  Step step;
  step.name = name;
  step.reads = {x.buffer, ranges};
  step.writes = {x.buffer};
  step.bytes = 2.0 * static_cast<double>(x.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* values = memory.at<float>(x.buffer) + x.offset;
    const auto* range = memory.at<const float>(ranges) + index;
    const std::size_t n = x.padded_size();
    return [=] {
      parallel_for(chunks_of(n), n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        round_values(values + begin, std::min(kChunk, n - begin), *range);
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
