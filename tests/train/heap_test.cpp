#include <boost/test/unit_test.hpp>
#include <oneapi/dnnl/dnnl.hpp>

#include "common/heap_watch.hpp"
#include "common/scripted_ranks.hpp"
#include "memory/arena.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"

/// After planning, a training loop makes no heap allocation of ours, and the heap does not grow.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// What a library may take for a moment, in one piece. oneDNN's own product, which it takes for a
/// first layer's gradient on CPUs with AVX2 and no AVX-512, has 16,640 bytes that nobody can give
/// it.
std::size_t library_bytes() {
  return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core ? 1024 : 16640;
}

/// From step 10 to step `end` of an epoch.
void check_steps(Session& session, const RunConfig& config, int end) {
  session.begin_epoch(0);
  for (int step = 0; step < 10; ++step) session.train_step(step);
  HeapWatch::start();
  for (int step = 10; step < end; ++step) session.train_step(step);
  const HeapCounts counts = HeapWatch::stop();
  BOOST_TEST_CONTEXT(config.net << " " << config.strategy) {
    BOOST_TEST_MESSAGE(config.net << " " << config.strategy << ": " << end - 10 << " steps, "
                                  << counts.ours << " allocations of ours, " << counts.library
                                  << " of the libraries, the largest " << counts.largest_library
                                  << " bytes");
    BOOST_TEST(counts.ours == 0u);
    BOOST_TEST(counts.largest_library <= library_bytes());
    BOOST_TEST(counts.growth == 0);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_10_to_100_allocate_nothing_of_ours_and_leave_the_heap_as_it_was) {
  const ToyData data(16 * 100, 10);
  std::vector<RunConfig> runs = {small_run("direct"), small_run("slvt"), small_run("lwt")};
  runs[1].modulation = "signed";
  runs[1].activation = "sine";
  runs[2].regularisation = {.shift = 2,
                            .flip = true,
                            .cutout = 8,
                            .label_smoothing = 0.1,
                            .weight_decay = 0.01,
                            .weight_decay_theta = 1e-4,
                            .ema = 0.9};
  RunConfig dense = small_run("slvt");
  dense.latent = 32;
  dense.map = "dense";
  runs.push_back(dense);
  const Folder folder;
  RunConfig finetuning = small_run("slvt");
  finetuning.finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
  finetuning.finetune.share = 30;
  runs.push_back(finetuning);
  RunConfig refreshed = small_run("slvt");
  refreshed.refresh.every = 7;
  runs.push_back(refreshed);
  RunConfig in_parts = small_run("slvt");
  in_parts.footprint.micro_batch = 6;
  in_parts.footprint.recompute = "2";
  in_parts.footprint.samples = "file";
  runs.push_back(in_parts);
  for (const char* variant : {"lv-wmap", "lv-fulldnn", "full-dnn"}) {
    runs.push_back(small_run("slvt"));
    runs.back().variant.name = variant;
    runs.back().latent = 10;
  }
  for (const RunConfig& config : runs) {
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    check_steps(session, config, 100);
  }
}

// The exchange's own memory is MPI's.
BOOST_AUTO_TEST_CASE(steps_of_one_of_several_ranks_allocate_nothing_of_ours) {
  const ToyData data(16 * 100, 10);
  const auto ranks = std::make_shared<ScriptedRanks>([](std::span<float> values) {
    for (float& v : values) v *= 2;
  });
  for (const char* strategy : {"direct", "slvt"}) {
    const RunConfig config = small_run(strategy);
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train, plan_arena,
                    ranks);
    check_steps(session, config, 100);
  }
}

// Graphs, normalisations and recurrent layers: the same.
BOOST_AUTO_TEST_CASE(steps_of_networks_for_other_tasks_allocate_nothing_of_ours) {
  const ToySeries series(24 * 20);
  const ToyPictures pictures(16, 40, 2);
  for (const char* strategy : {"direct", "slvt", "lwt"})
    for (const auto& [net_name, dataset] :
         {std::pair("lstm", &series.dataset), std::pair("cnn3", &pictures.dataset)}) {
      RunConfig config = toy_run(net_name, *dataset, strategy);
      config.batch = 2;
      const Network net = network_for(config, *dataset);
      const std::size_t arenas = Arena::allocations();
      Session session(resolve(config, net), net, *dataset, Purpose::train);
      check_steps(session, config, 20);
      session.evaluate(Split::test);
      BOOST_TEST(Arena::allocations() == arenas + 1);
    }
}

BOOST_AUTO_TEST_CASE(the_watch_sees_allocations_of_ours) {
  HeapWatch::start();
  auto* keep = new int[100];
  void* raw = std::malloc(50);
  asm volatile("" : : "r"(keep), "r"(raw) : "memory");  // the compiler must not drop the pair
  const HeapCounts counts = HeapWatch::stop();
  std::free(raw);
  delete[] keep;
  BOOST_TEST(counts.ours == 2u);
  BOOST_TEST(counts.growth >= 450);
}
