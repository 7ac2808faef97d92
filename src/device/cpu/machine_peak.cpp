#include "device/cpu/machine_peak.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "device/cpu/parallel.hpp"
#include "device/cpu/vec16.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

constexpr int kRepeats = 7;
constexpr long kRounds = 2'000'000;
constexpr int kChains = 12;  // enough independent sums to cover the latency of two units
constexpr std::size_t kCopyBytes = std::size_t{256} << 20;  // far beyond any cache

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// This file alone is compiled with contraction: the sums below become fused multiply-adds.
MAPNET_CPU_LEVELS float multiply_add(long rounds, float factor) {
  v16f sums[kChains];
  for (int k = 0; k < kChains; ++k) sums[k] = v16f{} + static_cast<float>(k);
  for (long i = 0; i < rounds; ++i)
    for (int k = 0; k < kChains; ++k) sums[k] = sums[k] * factor + factor;
  v16f total{};
  for (int k = 0; k < kChains; ++k) total += sums[k];
  return lane_sum(total);
}

template <class Work>
double best_seconds(const Work& work) {
  double best = 1e30;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const double start = now();
    work();
    best = std::min(best, now() - start);
  }
  return best;
}

}  // namespace

Peak measure_machine_peak(int n_threads) {
  Peak peak;
  std::vector<float> results(static_cast<std::size_t>(n_threads));
  volatile float factor = 0.5f;  // unknown to the compiler
  const double arithmetic = best_seconds([&] {
    parallel_for(n_threads, n_threads, [&](int t) {
      results[static_cast<std::size_t>(t)] = multiply_add(kRounds, factor);
    });
  });
  peak.gflops = 2.0 * 16 * kChains * static_cast<double>(kRounds) * n_threads / arithmetic * 1e-9;

  std::vector<char> from(kCopyBytes, 1), to(kCopyBytes, 2);
  const std::size_t share = kCopyBytes / static_cast<std::size_t>(n_threads);
  const double copy = best_seconds([&] {
    parallel_for(n_threads, n_threads, [&](int t) {
      const std::size_t at = static_cast<std::size_t>(t) * share;
      std::memcpy(to.data() + at, from.data() + at, share);
    });
  });
  peak.copy_gb_per_s = 2.0 * static_cast<double>(share) * n_threads / copy * 1e-9;
  return peak;
}

}  // namespace mapnet::cpu
