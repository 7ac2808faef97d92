#include <benchmark/benchmark.h>

#include "memory/greedy_by_size.hpp"
#include "train/session.hpp"
#include "train/target_network.hpp"

/// Planning a training run: building its schedule and placing its buffers; beside it the greedy
/// method of TFLite Micro, largest first, on the same buffers.
using namespace mapnet;

namespace {

RunSchedule schedule_of(const char* net_name, const char* data, int batch, const char* strategy,
                        const char* recompute) {
  RunConfig config;
  config.net = net_name;
  config.data = data;
  config.batch = batch;
  config.strategy = strategy;
  config.device = "cpu";
  config.threads = 2;
  config.footprint.recompute = recompute;
  const Dataset d = describe_dataset(data);
  const Network net = target_network(config, {d.channels, d.height, d.width, d.classes});
  return build_run_schedule(resolve(config, net), net, {d.train.count, 0, d.test.count},
                            sample_format(d), Purpose::train);
}

/// Bytes that are not held from the first step to the last, over the most of them live at once.
double reused_ratio(const Plan& plan, std::size_t total) {
  std::size_t held = 0;
  int last = 0;
  for (const Lifetime& b : plan.buffers) last = std::max(last, b.last);
  for (const Lifetime& b : plan.buffers)
    if (b.first == 0 && b.last == last) held += round_up(b.bytes, kArenaAlignment);
  return static_cast<double>(total - held) / static_cast<double>(plan.lower_bound - held);
}

void plan_run(benchmark::State& state, const char* net, const char* data, int batch,
              const char* strategy, const char* recompute) {
  Plan plan;
  for (auto _ : state)
    plan = plan_arena(schedule_of(net, data, batch, strategy, recompute).schedule.lifetimes());
  state.counters["buffers"] = static_cast<double>(plan.buffers.size());
  state.counters["total/bound"] =
      static_cast<double>(plan.total) / static_cast<double>(plan.lower_bound);
  // Of what is reused alone: held samples and weights would hide any waste.
  state.counters["reused/bound"] = reused_ratio(plan, plan.total);
  state.counters["greedy/bound"] = reused_ratio(plan, test::greedy_by_size(plan.buffers));
}

/// The placement alone.
void place(benchmark::State& state, const char* net, const char* data, int batch,
           const char* strategy, const char* recompute) {
  const auto lifetimes = schedule_of(net, data, batch, strategy, recompute).schedule.lifetimes();
  for (auto _ : state) benchmark::DoNotOptimize(plan_arena(lifetimes).total);
}

#define MAPNET_PLANS(name, ...)                                                  \
  BENCHMARK_CAPTURE(plan_run, name, __VA_ARGS__)->Unit(benchmark::kMillisecond); \
  BENCHMARK_CAPTURE(place, name, __VA_ARGS__)->Unit(benchmark::kMillisecond)
MAPNET_PLANS(cnn1_direct, "cnn1", "fashion-mnist", 128, "direct", "none");
MAPNET_PLANS(cnn2_slvt, "cnn2", "fashion-mnist", 128, "slvt", "none");
MAPNET_PLANS(cnn2_lwt, "cnn2", "fashion-mnist", 128, "lwt", "none");
MAPNET_PLANS(cnn3_slvt, "cnn3", "camvid256", 8, "slvt", "none");
MAPNET_PLANS(cnn3_slvt_norms, "cnn3", "camvid256", 8, "slvt", "norms");
MAPNET_PLANS(lstm_slvt, "lstm", "beijing-pm25", 128, "slvt", "none");
MAPNET_PLANS(resnet18_slvt, "resnet18", "noise-3x224x224x1000", 8, "slvt", "none");
MAPNET_PLANS(resnet50_slvt, "resnet50", "noise-3x224x224x1000", 8, "slvt", "none");
MAPNET_PLANS(resnet50_slvt_4, "resnet50", "noise-3x224x224x1000", 8, "slvt", "4");
#undef MAPNET_PLANS

}  // namespace
