#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <numeric>
#include <string>
#include <vector>

#include "common/bytes.hpp"
#include "train/budget/report.hpp"
#include "train/session.hpp"
#include "train/target_network.hpp"

/// Checks the cost model that --memory-budget chooses by: the processor's time of a step, on one
/// thread so that others on the machine do not count, of every schedule worth choosing, beside what
/// the model says of it. Both as multiples of the fastest schedule's.
///
///   bench_budget NET DATA BATCH [STRATEGY [MAP]]
///
/// With a MAP (dense, dense-bf16, or auto for these and hadamard) what is measured is where that
/// map's W may lie, with the whole batch and everything else in memory.
using namespace mapnet;

namespace {

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The median of five times of as many steps as take a tenth of a second.
double measured_step(const Candidate& c, const Network& net, const Dataset& dataset) {
  Session session(c.recipe, net, dataset, Purpose::train);
  const auto steps = [&](int n) {
    const double start = processor_seconds();
    for (int i = 0; i < n; ++i) session.train_step(i % session.steps_per_epoch());
    return (processor_seconds() - start) / n;
  };
  session.begin_epoch(0);
  const double first = (steps(1), steps(1));
  const int n = std::clamp(static_cast<int>(0.1 / first), 1, 100);
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) times.push_back(steps(n));
  std::ranges::nth_element(times, times.begin() + 2);
  return times[2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: {} NET DATA BATCH [STRATEGY [MAP]]\n", argv[0]);
    return 2;
  }
  RunConfig config;
  config.net = argv[1];
  config.data = argv[2];
  config.batch = std::atoi(argv[3]);
  config.strategy = argc > 4 ? argv[4] : "slvt";
  config.device = "cpu";
  config.threads = 1;
  config.footprint.memory_budget = "1TiB";
  const bool storages = argc > 5;
  if (storages) {
    config.map = argv[5];
    config.footprint.micro_batch = config.batch;
    config.footprint.recompute = "none";
    config.footprint.samples = "memory";
  }
  const Dataset dataset = open_dataset(config.data);
  const Network net =
      target_network(config, {dataset.channels, dataset.height, dataset.width, dataset.classes});
  const BudgetSearch search = search_budget(config, resolve(config, net), net, dataset);
  const double fastest = search.candidates.front().cost.seconds;
  double first = 0;
  fmt::print("| schedule | in all | model | measured |\n|---|---|---|---|\n");
  std::vector<std::size_t> shown = worth_showing(search);
  if (storages) {
    shown.resize(search.candidates.size());
    std::iota(shown.begin(), shown.end(), std::size_t{0});
  }
  for (const std::size_t i : shown) {
    const Candidate& c = search.candidates[i];
    const double seconds = measured_step(c, net, dataset);
    if (first == 0) first = seconds;
    const std::string flags = c.flags(storages);
    fmt::print("| {} | {} | {:.2f} | {:.2f} |\n", flags.empty() ? "plain" : flags,
               format_bytes(c.total_bytes()), c.cost.seconds / fastest, seconds / first);
    std::fflush(stdout);
  }
}
