#include <benchmark/benchmark.h>

#include "train/run_schedule.hpp"

/// Planning a training run: building its schedule and placing its buffers.
using namespace mapnet;

namespace {

void plan_run(benchmark::State& state, const char* net_name, const char* strategy) {
  const Network net = build_network(net_name, {1, 28, 28, 10});
  RunConfig config;
  config.net = net_name;
  config.strategy = strategy;
  config.device = "cpu";
  config.threads = 2;
  const Recipe recipe = resolve(config, net);
  double ratio = 0, buffers = 0;
  for (auto _ : state) {
    const RunSchedule run = build_run_schedule(recipe, net, {60000, 0, 10000}, {}, Purpose::train);
    const Plan plan = plan_arena(run.schedule.lifetimes());
    ratio = static_cast<double>(plan.total) / static_cast<double>(plan.lower_bound);
    buffers = static_cast<double>(plan.buffers.size());
  }
  state.counters["buffers"] = buffers;
  state.counters["total/bound"] = ratio;
}
BENCHMARK_CAPTURE(plan_run, cnn2_slvt, "cnn2", "slvt")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(plan_run, cnn2_lwt, "cnn2", "lwt")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(plan_run, cnn1_direct, "cnn1", "direct")->Unit(benchmark::kMillisecond);

}  // namespace
