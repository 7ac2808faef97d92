#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "device/cuda/executor.hpp"
#include "device/cuda/gpu.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

#ifdef MAPNET_CUDA_EMULATED
  #include "emulation/emulation.hpp"
#endif

/// How a run uses the GPU: one allocation, one launch a step, no waiting but for steps long past.
using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(a_run_makes_one_allocation_on_the_gpu) {
  const ToyData data(90, 20);
  const std::size_t before = cuda::arena_allocations();
  Session session(recipe_of(small_run("slvt")), network("cnn2"), data.dataset, Purpose::train);
  session.train_epoch(0);
  session.evaluate(Split::test);
  BOOST_TEST(cuda::arena_allocations() == before + 1);
}

BOOST_AUTO_TEST_CASE(an_arena_larger_than_the_gpu_is_an_error_that_says_so) {
  const auto gpu = open_cuda(FastMath::off);
  const std::size_t bytes = std::size_t{1} << 50;
  BOOST_CHECK_EXCEPTION(gpu->allocate(bytes), std::exception, [](const std::exception& e) {
    const std::string what = e.what();
    return what.find("1125899906842624") != std::string::npos &&
           what.find("free") != std::string::npos;
  });
  BOOST_TEST(gpu->allocate(256)->data() != nullptr);  // and nothing is broken behind it
}

BOOST_AUTO_TEST_CASE(a_peek_never_waits_and_ends_up_with_the_truth) {
  const ToyData data(16 * 20, 10);
  Session session(recipe_of(small_run("slvt")), network("cnn2"), data.dataset, Purpose::train);
  std::vector<std::int64_t> seen;
  session.train_epoch(0, [&](std::int64_t step, const StepControl& sums) {
    BOOST_TEST(sums.seen == step * 16);
    seen.push_back(step);
  });
  BOOST_TEST(std::is_sorted(seen.begin(), seen.end()));
  StepControl last;
  session.program().peek(last, session.run_schedule().control);
  session.program().wait();
  BOOST_TEST(session.program().peek(last, session.run_schedule().control));
  BOOST_TEST(last.seen == 16 * 20);
}

#ifdef MAPNET_CUDA_EMULATED

namespace {

/// Nothing is left to do when it begins. A run of a phase waits for that kRunsAhead before it,
/// which the emulated GPU then has just done, and for no other: a launch and an event of each of
/// the last are left, which they would not be for a host that waits for more, and no more, which
/// they would for one that runs ahead as far as it can.
struct RunAhead {
  static constexpr std::size_t kAhead = cuda::GpuExecutor::kRunsAhead;
  std::size_t waits = emulation::synchronisations();

  void check_after(std::size_t runs) const {
    BOOST_TEST(emulation::synchronisations() == waits + runs - std::min(runs, kAhead));
    if (runs > kAhead) BOOST_TEST(emulation::pending_operations() == 2 * kAhead);
  }
};

}  // namespace

// What the emulator counts. On a real GPU a profiler shows the same.
BOOST_AUTO_TEST_CASE(an_epoch_is_one_launch_a_step_and_waits_for_steps_long_past) {
  const ToyData data(16 * 20 + 3, 40);
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    const std::size_t mallocs = emulation::device_allocations();
    Session session(recipe_of(small_run(strategy)), network("cnn2"), data.dataset, Purpose::train);
    BOOST_TEST(emulation::device_allocations() == mallocs + 1);
    session.train_epoch(0);
    session.evaluate(Split::test);  // the graphs are recorded now

    session.begin_epoch(1);
    session.program().wait();
    const std::size_t graphs = emulation::graph_launches(), kernels = emulation::kernel_launches();
    const RunAhead ahead;
    for (std::size_t step = 0; step < 21; ++step) {
      session.train_step(static_cast<std::int64_t>(step));
      ahead.check_after(step + 1);
    }
    BOOST_TEST(emulation::graph_launches() == graphs + 21);
    BOOST_TEST(emulation::kernel_launches() == kernels);
    const std::size_t waits = emulation::synchronisations();
    const StepControl sums = session.control();
    BOOST_TEST(emulation::synchronisations() <= waits + 2);  // the copy out, and the stream
    BOOST_TEST(sums.seen == 16 * 20 + 3);
    BOOST_TEST(emulation::device_allocations() == mallocs + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_refresh_is_one_launch_more) {
  const ToyData data(16 * 21, 40);
  RunConfig config = small_run("lwt");
  config.modulation = "signed";
  config.refresh.every = 4;
  config.epochs = 2;
  Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
  session.train_epoch(0);  // five refreshes: their graph is recorded now
  session.begin_epoch(1);
  session.program().wait();
  const std::size_t graphs = emulation::graph_launches(), kernels = emulation::kernel_launches();
  const RunAhead ahead;
  for (int step = 0; step < 20; ++step) session.train_step(step);
  ahead.check_after(20 + 5);
  BOOST_TEST(session.refreshes() == 10u);
  BOOST_TEST(emulation::graph_launches() == graphs + 20 + 5);
  BOOST_TEST(emulation::kernel_launches() == kernels);
}

#endif
