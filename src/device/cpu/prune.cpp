#include "device/ops/prune.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 32768;  // values a task; whole words

MAPNET_CPU_LEVELS void prune_values(float* values, const std::uint32_t* words, std::size_t n) {
  const std::size_t whole = n / 32;
  for (std::size_t k = 0; k < whole; ++k) {
    const std::uint32_t word = words[k];
    if (word == 0) continue;  // before the pruning a step costs the bits
    float* v = values + 32 * k;
    for (unsigned bit = 0; bit < 32; ++bit) v[bit] = (word >> bit & 1u) != 0 ? 0.0f : v[bit];
  }
  for (std::size_t j = 32 * whole; j < n; ++j)
    if (is_pruned(words, j)) values[j] = 0.0f;
}

}  // namespace

void prune(Schedule& schedule, const std::string& name, BufferId values, BufferId pruned,
           std::size_t n) {
  Step step;
  step.name = name;
  step.reads = {values, pruned};
  step.writes = {values};
  step.bytes = static_cast<double>(2 * n + pruned_words(n)) * sizeof(float);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* v = memory.at<float>(values);
    const auto* words = memory.at<const std::uint32_t>(pruned);
    const int chunks = static_cast<int>((n + kChunk - 1) / kChunk);
    return [=] {
      parallel_for(chunks, n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        prune_values(v + begin, words + begin / 32, std::min(kChunk, n - begin));
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
