#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "mapping/given_maps.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

#ifdef MAPNET_CUDA_EMULATED
  #include "emulation/emulation.hpp"
#endif

/// The GPU's numbers beside the CPU's, from the same seeds.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct StepResult {
  std::vector<float> theta, dtheta, gradient, values;
  StepControl sums;
};

/// Buffers are not shared, so that all of them can be read after the step.
StepResult one_step(const ToyData& data, RunConfig config, const char* device) {
  config.device = device;
  Session session(recipe_of(config), network(config.net), data.dataset, Purpose::train,
                  plan_arena_without_reuse);
  session.begin_epoch(0);
  session.train_step(0);
  return {session.theta(), session.dtheta(), session.gradient(), session.values(),
          session.control()};
}

double largest(const std::vector<float>& values) {
  double most = 0;
  for (const float v : values) most = std::max(most, std::abs(static_cast<double>(v)));
  return most;
}

/// Shared shifts of a list of layers, and of all of them with fewer outputs than latents.
std::vector<RunConfig> finetuning_runs(const Folder& folder) {
  std::vector<RunConfig> runs;
  for (const std::size_t share : {1u, 250u, 25000u}) {
    RunConfig c = small_run(share == 250 ? "lwt" : "slvt");
    c.finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
    c.finetune.share = share;
    c.latent_std = 0.3;
    if (share == 250) c.finetune.layers = {"fc1", "fc2"}, c.latents = {100, 20};
    runs.push_back(c);
  }
  return runs;
}

std::vector<RunConfig> runs(const Folder& folder) {
  std::vector<RunConfig> all = {small_run("direct"), small_run("slvt"), small_run("slvt"),
                                small_run("slvt"), small_run("lwt")};
  all[1].modulation = "signed";
  all[1].activation = "sine";
  all[1].base = "normal";
  all[2].modulation = "scalar";
  all[2].activation = "tanh";
  all[3].net = "cnn1";
  all[3].batch = 4;
  RunConfig wide = small_run("slvt");  // a transform of 2^14 points: more than a block's share
  wide.latent = 10000;
  wide.modulation = "signed";
  wide.batch = 4;
  all.push_back(wide);
  for (const char* variant : {"lv-wmap", "lv-fulldnn", "full-dnn"}) {
    all.push_back(small_run("slvt"));
    all.back().variant.name = variant;
    all.back().latent = 10;
  }
  RunConfig regularised = small_run("slvt");
  regularised.regularisation = {.shift = 2,
                                .flip = true,
                                .cutout = 8,
                                .label_smoothing = 0.1,
                                .weight_decay = 0.01,
                                .weight_decay_theta = 1e-3,
                                .ema = 0.9};
  all.push_back(regularised);
  for (const char* map : {"dense", "dense-bf16"}) {
    RunConfig dense = small_run("slvt");
    dense.latent = 40;
    dense.map = map;
    dense.modulation = "signed";
    all.push_back(dense);
  }
  for (RunConfig& finetuning : finetuning_runs(folder)) all.push_back(std::move(finetuning));
  return all;
}

std::string name_of(const RunConfig& c) {
  return c.net + " " + c.strategy + " " + c.map.value_or("") + " " + c.modulation.value_or("") +
         " " + c.variant.name.value_or("") +
         (c.finetune.pretrained ? "L = " + std::to_string(*c.finetune.share) : "");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_step_agrees_with_the_cpus) {
  const ToyData data(64, 10);
  const Folder folder;
  for (const RunConfig& config : runs(folder)) {
    const std::string what = name_of(config) + ": ";
    const StepResult cpu = one_step(data, config, "cpu"), gpu = one_step(data, config, "cuda");
    const bool dense = config.map && config.map->starts_with("dense");
    // Seeds, transforms and activations are the same arithmetic in the same order. A dense map
    // comes out of libraries' factorisations, some 1e-5 apart after 40 columns; as bfloat16 an
    // entry may then round to a neighbour, 2^-8 of itself away, at random over 40 entries a row.
    const bool trained_map = config.variant.name && config.variant.name->ends_with("dnn");
    if (trained_map)  // a product's sums in another order
      check_close(gpu.theta, cpu.theta, 1e-6 * largest(cpu.theta), 0, what + "theta");
    else if (!dense && config.strategy != "direct")
      BOOST_TEST(same_bits(gpu.theta, cpu.theta), what << "theta");
    const double map_error = config.map == "dense-bf16" ? 2e-3 : dense ? 1e-4 : 0;
    if (dense) check_close(gpu.theta, cpu.theta, map_error * largest(cpu.theta), 0, what + "theta");
    BOOST_TEST(std::abs(gpu.sums.loss_sum - cpu.sums.loss_sum) <=
                   (1e-5 + 10 * map_error) * cpu.sums.loss_sum,
               what << "loss " << gpu.sums.loss_sum << ", the CPU's " << cpu.sums.loss_sum);
    BOOST_TEST(gpu.sums.seen == cpu.sums.seen);
    // Sums of up to a few thousand products a layer in another order: a few 1e-6 of the largest
    // each.
    const double share = 1e-4 + 20 * map_error;
    if (config.finetune.layers.empty())  // else frozen layers have none
      check_close(gpu.dtheta, cpu.dtheta, share * largest(cpu.dtheta), 0, what + "dtheta");
    check_close(gpu.gradient, cpu.gradient, share * largest(cpu.gradient), 0, what + "gradient");
  }
}

BOOST_AUTO_TEST_CASE(an_evaluation_agrees_with_the_cpus) {
  const ToyData data(300, 100);
  RunConfig config = small_run("slvt");
  std::vector<float> values;
  Metrics metrics[2];
  for (const bool on_gpu : {false, true}) {
    config.device = on_gpu ? "cuda" : "cpu";
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    if (on_gpu)
      session.set_values(values);
    else
      session.train_epoch(0), values = session.values();
    metrics[on_gpu] = session.evaluate(Split::train);
  }
  BOOST_TEST(std::abs(metrics[0].loss - metrics[1].loss) < 1e-5 * metrics[0].loss);
  BOOST_TEST(std::abs(metrics[0].accuracy - metrics[1].accuracy) <= 1.0 / 300);  // a tie may turn
}

// The maps of later rounds and the folded base.
BOOST_AUTO_TEST_CASE(refreshed_maps_have_the_cpus_bits) {
  const ToyData data(64, 10);
  for (const char* strategy : {"slvt", "lwt"}) {
    RunConfig config = small_run(strategy);
    config.modulation = "signed";
    config.activation = "sine";
    config.refresh.every = 1000;
    std::vector<float> theta[2];
    for (const bool on_gpu : {false, true}) {
      config.device = on_gpu ? "cuda" : "cpu";
      Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
      const std::vector<float> z = session.values();
      for (int round = 0; round < 3; ++round) {  // walked, recorded, launched
        session.refresh();
        session.set_values(z);
      }
      session.expand();
      theta[on_gpu] = session.theta();
    }
    BOOST_TEST(same_bits(theta[0], theta[1]), strategy);
  }
}

namespace {

/// Of all shapes of matrices, with a base and a slope.
GivenMap sine_of_kronecker() {
  GivenMap map = kronecker_map(matrix_shapes());
  map.desc.activation = Activation::sine;
  map.desc.omega = 2;
  map.desc.random_base = true;
  map.desc.seed = 3;
  return map;
}

}  // namespace

// Each within its bounds of the truth: within twice those of the other.
BOOST_AUTO_TEST_CASE(a_kronecker_map_agrees_with_the_cpus) {
  const GivenMap map = sine_of_kronecker();
  const Vector z = exact_floats(map.desc.latent_size(), 5, -2, 2);
  const Vector dtheta = exact_floats(map.desc.target_size(), 6);
  const GivenRun cpu = run_given(map, z, dtheta, open_cpu(2));
  const GivenRun gpu = run_given(map, z, dtheta, open_cuda(FastMath::off));
  BOOST_TEST((gpu.base == cpu.base));
  check_kronecker(map, gpu, cpu.theta, cpu.dz, z, dtheta, 2, "the CPU's");
  // Products of the map are float32 whatever those of the network are.
  const GivenRun fast = run_given(map, z, dtheta, open_cuda(FastMath::bf16));
  BOOST_TEST((fast.theta == gpu.theta && fast.dz == gpu.dz));
}

// Sums of up to 50 and 333 products of about 1 in another order, times a scale and a slope of up to
// 2 each.
BOOST_AUTO_TEST_CASE(a_given_dense_map_agrees_with_the_cpus) {
  const Vector z = exact_floats(71, 5, -2, 2), dtheta = exact_floats(434, 6);
  for (const MapStorage storage : {MapStorage::memory, MapStorage::streamed}) {
    const GivenMap map = given_dense_map(storage);
    const GivenRun cpu = run_given(map, z, dtheta, open_cpu(2));
    const GivenRun gpu = run_given(map, z, dtheta, open_cuda(FastMath::off));
    check_close(gpu.theta, cpu.theta, 2 * 4 * sum_tolerance(50), 2e-5, "theta");
    check_close(gpu.dz, cpu.dz, 2 * 8 * sum_tolerance(333), 2e-5, "dz");
  }
}

#ifdef MAPNET_CUDA_EMULATED

BOOST_AUTO_TEST_CASE(the_order_of_a_kronecker_maps_threads_does_not_matter) {
  const GivenMap map = sine_of_kronecker();
  const Vector z = exact_floats(map.desc.latent_size(), 5, -2, 2);
  const Vector dtheta = exact_floats(map.desc.target_size(), 6);
  const GivenRun up = run_given(map, z, dtheta, open_cuda(FastMath::off));
  for (const auto order : {emulation::ThreadOrder::descending, emulation::ThreadOrder::shuffled}) {
    emulation::set_thread_order(order);
    const GivenRun other = run_given(map, z, dtheta, open_cuda(FastMath::off));
    BOOST_TEST((other.theta == up.theta && other.dz == up.dz));
  }
  emulation::set_thread_order(emulation::ThreadOrder::ascending);
}

// A race, or a barrier that is missing, shows as a result that depends on who runs first.
BOOST_AUTO_TEST_CASE(the_order_of_threads_does_not_matter) {
  const ToyData data(64, 10);
  const Folder folder;
  std::vector<RunConfig> all = runs(folder);
  all.push_back(small_run("lwt"));
  all.back().refresh.every = 1;  // behind the one step
  for (const RunConfig& config : all) {
    emulation::set_thread_order(emulation::ThreadOrder::ascending);
    const StepResult up = one_step(data, config, "cuda");
    for (const auto order :
         {emulation::ThreadOrder::descending, emulation::ThreadOrder::shuffled}) {
      emulation::set_thread_order(order);
      const StepResult other = one_step(data, config, "cuda");
      BOOST_TEST(same_bits(up.theta, other.theta), name_of(config));
      if (config.finetune.layers.empty())
        BOOST_TEST(same_bits(up.dtheta, other.dtheta), name_of(config));
      BOOST_TEST(same_bits(up.values, other.values), name_of(config));
    }
    emulation::set_thread_order(emulation::ThreadOrder::ascending);
  }
}

#endif
