#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "device/cpu/hadamard.hpp"
#include "device/program.hpp"
#include "mapping/mapping.hpp"

/// The fixed maps: the transform alone, the map's two passes, and what they would cost otherwise.
using namespace mapnet;

namespace {

// Counters: additions (n log2 n) and bytes (each value read and written once) a second.
void set_rates(benchmark::State& state, double flops, double bytes) {
  const double rounds = static_cast<double>(state.iterations());
  state.counters["FLOP/s"] = benchmark::Counter(flops * rounds, benchmark::Counter::kIsRate);
  state.counters["B/s"] = benchmark::Counter(bytes * rounds, benchmark::Counter::kIsRate);
}

void transform(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  std::vector<float> x(n, 0.0f);  // zeros stay finite however often they are transformed
  for (auto _ : state) {
    cpu::hadamard_transform(x.data(), n);
    benchmark::DoNotOptimize(x.data());
  }
  const double size = static_cast<double>(n);
  set_rates(state, size * std::log2(size), 8 * size);
}
BENCHMARK(transform)->RangeMultiplier(4)->Range(1 << 6, 1 << 20);

/// One map forward and backward, as a training step runs it.
void map_passes(benchmark::State& state, const char* net_name, MapKind kind, int n_threads) {
  const Network net = build_network(net_name, {1, 28, 28, 10});
  MappingConfig config;
  config.latents = {static_cast<std::size_t>(state.range(0))};
  config.map = kind;
  const MapDesc desc = make_map(net, config);
  Schedule schedule(n_threads);
  const auto buffer = [&](const char* name, std::size_t n) {
    return schedule.persistent_buffer(name, "bench", n * sizeof(float));
  };
  const BufferId z = buffer("z", desc.latent_size()), dz = buffer("dz", desc.latent_size());
  const BufferId theta = buffer("theta", desc.target_size());
  MapState map = map_setup(schedule, desc);
  schedule.begin(Phase::train);
  map_forward(schedule, desc, map, z, theta, true);
  map_backward(schedule, desc, map, z, theta, dz);
  const Program program(schedule, plan_arena(schedule.lifetimes()));
  program.run(Phase::setup);
  double flops = 0, bytes = 0;
  for (const auto& step : program.steps(Phase::train)) flops += step.flops, bytes += step.bytes;
  for (auto _ : state) program.run(Phase::train);
  set_rates(state, flops, bytes);
}
BENCHMARK_CAPTURE(map_passes, cnn2_hadamard_1_thread, "cnn2", MapKind::hadamard, 1)->Arg(2048);
BENCHMARK_CAPTURE(map_passes, cnn2_hadamard_2_threads, "cnn2", MapKind::hadamard, 2)->Arg(2048);
BENCHMARK_CAPTURE(map_passes, cnn1_hadamard_2_threads, "cnn1", MapKind::hadamard, 2)->Arg(2048);
BENCHMARK_CAPTURE(map_passes, cnn2_dense_2_threads, "cnn2", MapKind::dense, 2)->Arg(2048);
BENCHMARK_CAPTURE(map_passes, cnn2_dense_bf16_2_threads, "cnn2", MapKind::dense_bf16, 2)->Arg(2048);

/// What the tiles replaced: H D2 H D1 over the next power of two above all of CNN2's parameters,
/// forward and backward, by the same transform.
void one_long_map(benchmark::State& state) {
  constexpr std::size_t n = 1 << 17;
  std::vector<float> x(n, 0.0f);
  for (auto _ : state)
    for (int pass = 0; pass < 2; ++pass) {
      for (const Stream stream : {Stream::map_inner_signs, Stream::map_outer_signs}) {
        cpu::apply_signs(x.data(), x.data(), n, {1, stream, 0}, 0);
        cpu::hadamard_transform(x.data(), n);
      }
      benchmark::DoNotOptimize(x.data());
    }
  set_rates(state, 4.0 * n * 17, 4.0 * 8 * n);
}
BENCHMARK(one_long_map);

}  // namespace
