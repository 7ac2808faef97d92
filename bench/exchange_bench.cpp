#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "device/communicator.hpp"
#include "device/ops/mean_over_ranks.hpp"
#include "device/program.hpp"

/// What the exchange of a data-parallel step costs, alone: `mpirun -n 4 bench_exchange
/// [VALUES...]`.
using namespace mapnet;

namespace {

using Clock = std::chrono::steady_clock;

/// Sorted seconds of the exchange of n values, after some that nobody counts.
std::vector<double> time_exchange(std::size_t n, const std::shared_ptr<Communicator>& ranks,
                                  int repeats) {
  Schedule schedule(1);
  const BufferId gradient =
      schedule.persistent_buffer("gradient", "bench", (n + 1) * sizeof(float));
  const BufferId control = schedule.persistent_buffer("control", "bench", sizeof(StepControl));
  schedule.begin(Phase::train);
  mean_over_ranks(schedule, "exchange", gradient, n, Scored::samples, control, ranks);
  const Program program(schedule, plan_arena(schedule.lifetimes()));
  StepControl share;
  share.now.count = 1;
  program.write<StepControl>(control, {&share, 1});
  std::vector<double> seconds;
  for (int i = -repeats / 10; i < repeats; ++i) {
    const auto start = Clock::now();
    program.run(Phase::train);
    if (i >= 0) seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  const std::shared_ptr<Communicator> ranks = join_ranks([] { return false; });
  std::vector<std::size_t> sizes = {64, 2048, 8192, 108618, 25600000};
  if (argc > 1) sizes.clear();
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (ranks->first()) fmt::print("| ranks | values | bytes | median us | 10% us | 90% us |\n");
  for (const std::size_t n : sizes) {
    const int repeats = n > 1000000 ? 20 : n > 50000 ? 200 : 2000;
    const std::vector<double> s = time_exchange(n, ranks, repeats);
    if (!ranks->first()) continue;
    const auto at = [&](double share) {
      return 1e6 * s[static_cast<std::size_t>(share * static_cast<double>(s.size() - 1))];
    };
    fmt::print("| {} | {} | {} | {:.1f} | {:.1f} | {:.1f} |\n", ranks->size(), n,
               (n + 1) * sizeof(float), at(0.5), at(0.1), at(0.9));
  }
  leave_ranks(0);
}
