#include "train/session.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>
#include <set>

#include "common/compare.hpp"
#include "memory/arena.hpp"
#include "train/learning_rate.hpp"
#include "train/recipes.hpp"
#include "train/sample_order.hpp"
#include "train/toy_data.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(an_epoch_visits_every_training_sample_once) {
  const SampleCounts counts = {70, 20, 10};
  std::vector<std::uint32_t> first(100), second(100);
  fill_sample_order(first, counts, 3, 0);
  fill_sample_order(second, counts, 3, 1);
  const auto kind = [](const std::vector<std::uint32_t>& order, std::size_t from, std::size_t to) {
    return std::set<std::uint32_t>(order.begin() + long(from), order.begin() + long(to));
  };
  BOOST_TEST((first != second));
  BOOST_TEST((kind(first, 0, 70) == kind(second, 0, 70)));    // the same samples, shuffled
  BOOST_TEST((kind(first, 70, 90) == kind(second, 70, 90)));  // validation: the same in each epoch
  BOOST_TEST(kind(first, 0, 90).size() == 90u);
  BOOST_TEST(*kind(first, 0, 90).rbegin() == 89u);
  for (std::uint32_t i = 90; i < 100; ++i) BOOST_TEST(first[i] == i);  // test: in its own order
  std::vector<std::uint32_t> again(100);
  fill_sample_order(again, counts, 3, 0);
  BOOST_TEST((again == first));
  fill_sample_order(again, counts, 4, 0);
  BOOST_TEST((again != first));
  BOOST_TEST((kind(again, 70, 90) == kind(first, 70, 90)));  // they go by a seed of their own
  SampleCounts others = counts;
  others.split_seed = 4;
  fill_sample_order(again, others, 3, 0);
  BOOST_TEST((kind(again, 70, 90) != kind(first, 70, 90)));
}

BOOST_AUTO_TEST_CASE(shuffles_are_uniform) {
  // Where sample 0 of 8 lands over many epochs: chi-square with 7 degrees of freedom, 24.3 at 0.1%.
  std::array<int, 8> landed{};
  std::vector<std::uint32_t> order(8);
  const int epochs = 8000;
  for (std::uint32_t epoch = 0; epoch < epochs; ++epoch) {
    fill_sample_order(order, {8, 0, 0}, 11, epoch);
    for (std::size_t i = 0; i < 8; ++i) landed[i] += order[i] == 0;
  }
  double chi = 0;
  for (const int n : landed) chi += (n - 1000.0) * (n - 1000.0) / 1000.0;
  BOOST_TEST(chi < 24.3);
}

BOOST_AUTO_TEST_CASE(the_learning_rate_warms_up_and_ends_at_zero) {
  BOOST_TEST(learning_rate(1.0, 0, 10, 100) == 0.1);
  BOOST_TEST(learning_rate(1.0, 9, 10, 100) == 1.0);
  BOOST_TEST(learning_rate(1.0, 10, 10, 100) == 1.0);
  BOOST_TEST(std::abs(learning_rate(1.0, 55, 10, 100) - 0.5) < 1e-12);
  BOOST_TEST(learning_rate(1.0, 100, 10, 100) < 1e-12);
  BOOST_TEST(learning_rate(1.0, 0, 0, 1) == 1.0);
}

// A tensor's mean square over sqrt(2 / fan_in)^2 is that of u, sigma(u) rescaled: 1 up to the
// chance of drawing 2048 latents, five standard errors of which are 5 sqrt(2 / 2048); small tensors
// add their own.
BOOST_AUTO_TEST_CASE(theta_starts_with_the_spread_of_he_initialisation) {
  const ToyData data(20, 5);
  for (const char* activation : {"identity", "tanh", "sine"})
    for (const char* map : {"hadamard", "direct"}) {
      RunConfig config = small_run("slvt");
      config.latent = 2048;
      config.activation = activation;
      if (std::string(map) == "direct") config = small_run("direct");
      const Network net = network("cnn2");
      Session session(recipe_of(config), net, data.dataset, Purpose::train);
      session.expand();
      const std::vector<float> theta = session.theta();
      for (const ParamTensor& p : net.params) {
        double squares = 0;
        for (const float w : std::span(theta).subspan(p.offset, p.size))
          squares += static_cast<double>(w) * static_cast<double>(w);
        const double want = (!p.is_weight() ? 1.0 / 3 : 2.0) / p.fan_in;
        const double size = static_cast<double>(p.size);
        const double off = squares / size / want - 1;
        BOOST_TEST(std::abs(off) < 5 * std::sqrt(2.0 / 2048) + 5 * std::sqrt(2 / size),
                   activation << " " << map << " " << p.name << ": " << off);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_run_makes_one_arena_allocation) {
  if (testing_cuda()) return;  // tests/cuda counts the GPU's
  const ToyData data(90, 20);
  const std::size_t before = Arena::allocations();
  RunConfig config = small_run("slvt");
  Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
  session.train_epoch(0);
  session.evaluate(Split::test);
  BOOST_TEST(Arena::allocations() == before + 1);
}

// Nothing runs: the schedules are those of full-sized training sets.
BOOST_AUTO_TEST_CASE(plans_meet_their_lower_bound_for_every_network_and_strategy) {
  const std::pair<const char*, const char*> cases[] = {
      {"cnn1", "fashion-mnist"}, {"cnn2", "fashion-mnist"}, {"cnn3", "camvid256"},
      {"lstm", "beijing-pm25"},  {"resnet18", "cifar10"},   {"resnet18-cifar", "cifar10"},
      {"resnet50", "camvid256"}};
  BOOST_TEST(std::size(cases) == network_names().size());
  for (const auto& [name, data] : cases)
    for (const char* strategy : {"direct", "slvt", "lwt"})
      for (const char* map : {"hadamard", "dense", "dense-bf16"}) {
        RunConfig config;
        config.net = name;
        config.strategy = strategy;
        config.threads = 2;
        if (config.strategy != "direct") config.map = map;
        const Dataset d = describe_dataset(data);
        const Network net = target_network(config, {d.channels, d.height, d.width, d.classes});
        SampleFormat format = sample_format(d);
        if (net.task == Task::classify) format.labels = 1;  // whatever the pictures are labelled by
        const SampleCounts counts = {d.train.count, 0, d.test.count};
        const RunSchedule run =
            build_run_schedule(resolve(config, net), net, counts, format, Purpose::train);
        const Plan plan = plan_arena(run.schedule.lifetimes());
        const double ratio = double(plan.total) / double(plan.lower_bound);
        BOOST_TEST_MESSAGE(name << " " << strategy << " " << map << ": " << plan.total << " bytes, "
                                << ratio << " of the lower bound");
        BOOST_TEST(ratio >= 1.0);
        BOOST_TEST(ratio <= 1.02, name << " " << strategy << " " << map << ": " << ratio);
        if (config.strategy == "direct") break;
      }
}

BOOST_AUTO_TEST_CASE(evaluation_counts_every_sample_and_changes_nothing) {
  const ToyData data(90, 37);
  RunConfig config = small_run("slvt");
  config.validation = 21;
  Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
  session.train_epoch(0);
  const std::vector<float> before = session.values();
  BOOST_TEST(session.evaluate(Split::train).samples == 69u);
  BOOST_TEST(session.evaluate(Split::validation).samples == 21u);
  const Metrics test = session.evaluate(Split::test), again = session.evaluate(Split::test);
  BOOST_TEST(test.samples == 37u);
  BOOST_TEST(test.loss == again.loss);
  BOOST_TEST((session.values() == before));
}

BOOST_AUTO_TEST_CASE(pixels_are_scaled_by_the_training_samples_statistics) {
  const ToyData data(50, 20);
  RunConfig config = small_run("slvt");
  Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
  std::vector<std::uint8_t> pixels(50 * 784);
  read_pixels(data.dataset, data.dataset.train, pixels);
  double sum = 0, squares = 0;
  for (const double p : pixels) sum += p / 255, squares += p * p / 255 / 255;
  const double n = double(pixels.size()), mean = sum / n;
  BOOST_TEST(std::abs(session.pixels().mean[0] - mean) < 1e-9);
  BOOST_TEST(std::abs(session.pixels().stddev[0] - std::sqrt(squares / n - mean * mean)) < 1e-9);
}

BOOST_AUTO_TEST_CASE(a_validation_split_must_leave_something_to_train_on) {
  const ToyData data(20, 5);
  RunConfig config = small_run("slvt");
  config.validation = 20;
  BOOST_CHECK_THROW(Session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train),
                    std::exception);
}

BOOST_AUTO_TEST_CASE(a_data_set_without_training_samples_is_told_as_such) {
  Dataset empty = describe_dataset("mnist");
  empty.train.count = 0;
  check_fails<UsageError>([&] { split_samples(recipe_of(small_run()), empty); },
                          {"mnist: expected training samples, found none", "--data-dir"});
}

// A GPU is not waited for: what it has told last may be of the epoch before.
BOOST_AUTO_TEST_CASE(progress_is_that_of_the_epoch_at_hand) {
  const ToyData data(90, 20);
  RunConfig config = small_run("slvt");
  config.epochs = 3;
  Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
  for (int epoch = 0; epoch < config.epochs; ++epoch)
    session.train_epoch(epoch, [&](std::int64_t step, const StepControl& sums) {
      BOOST_TEST(sums.now.step / session.steps_per_epoch() == epoch, "step " << step);
    });
}

// Stripes in noise, from 256 latents: what a correct trainer learns in three short epochs.
BOOST_AUTO_TEST_CASE(every_strategy_learns_the_toy_classes) {
  const ToyData data(2000, 300);
  // One is enough for an emulated GPU: the steps of all are the CPU's (parity_test.cpp).
  const std::vector<const char*> strategies =
      testing_emulated() ? std::vector{"lwt"} : std::vector{"direct", "slvt", "lwt"};
  for (const char* strategy : strategies) {
    RunConfig config = small_run(strategy);
    config.epochs = 3;
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    const double before = session.evaluate(Split::test).accuracy;
    for (int epoch = 0; epoch < config.epochs; ++epoch) session.train_epoch(epoch);
    const double after = session.evaluate(Split::test).accuracy;
    BOOST_TEST(before < 0.4, strategy << " before: " << before);
    BOOST_TEST(after > 0.95, strategy << " after: " << after);
  }
}
