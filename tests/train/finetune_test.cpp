#include <boost/test/unit_test.hpp>
#include <cstring>

#include "common/compare.hpp"
#include "data/safetensors_reader.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

/// Fine-tuning, from a file of pre-trained weights to a trained session.
using namespace mapnet;
using namespace mapnet::test;

namespace {

RunConfig finetuning(const std::filesystem::path& file, const char* strategy = "slvt") {
  RunConfig c;
  c = small_run(strategy);
  c.finetune.pretrained = file.string();
  return c;
}

bool same(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

BOOST_AUTO_TEST_CASE(training_starts_at_the_pretrained_network_exactly) {
  const ToyData data(64, 30);
  const Folder folder;
  const Network net = network("cnn2");
  const auto file = write_pretrained(folder, net);
  const std::vector<float> weights = some_weights(net);
  Session full(recipe_of(finetuning(file, "direct")), net, data.dataset, Purpose::train);
  BOOST_TEST(same(full.values(), weights));
  const Metrics want = full.evaluate(Split::test);
  for (const char* strategy : {"slvt", "lwt"})
    for (const std::size_t share : {1u, 250u, 25000u}) {
      RunConfig config = finetuning(file, strategy);
      config.modulation = "signed";
      config.finetune.share = share;
      Session session(recipe_of(config), net, data.dataset, Purpose::train);
      const Metrics metrics = session.evaluate(Split::test);
      BOOST_TEST(metrics.loss == want.loss);
      BOOST_TEST(same(session.theta(), weights), strategy << " L = " << share);
    }
}

BOOST_AUTO_TEST_CASE(frozen_layers_stay_and_chosen_ones_move_by_groups) {
  const ToyData data(64, 10);
  const Folder folder;
  const Network net = network("cnn2");
  RunConfig config = finetuning(write_pretrained(folder, net), "lwt");
  config.latents = {64, 64};
  config.finetune.layers = {"fc2", "conv2"};
  config.finetune.share = 9;
  Session session(recipe_of(config), net, data.dataset, Purpose::train);
  session.train_epoch(0);
  session.expand();
  const std::vector<float> theta = session.theta(), before = some_weights(net);
  for (const ParamTensor& p : net.params) {
    const bool chosen = p.layer == "conv2" || p.layer == "fc2";
    double most = 0, spread = 0;  // of the shifts; within a group
    for (std::size_t j = p.offset; j < p.offset + p.size; ++j) {
      const double shift = double(theta[j]) - double(before[j]);
      const std::size_t first = j - (j - p.offset) % 9;
      most = std::max(most, std::abs(shift));
      spread = std::max(spread, std::abs(shift - (double(theta[first]) - double(before[first]))));
    }
    BOOST_TEST((most > 0) == chosen, p.name << ": " << most);
    BOOST_TEST(spread < 0x1p-22, p.name << ": " << spread);  // a weight's own rounding
  }
}

BOOST_AUTO_TEST_CASE(a_new_head_comes_from_the_seed_and_is_always_trained) {
  const ToyData data(64, 10);
  const Folder folder;
  const Network net = network("cnn2");
  RunConfig config = finetuning(write_pretrained(folder, build_network("cnn2", {1, 28, 28, 7})));
  config.finetune.layers = {"fc1"};
  config.finetune.share = 250;
  const Recipe recipe = recipe_of(config);
  BOOST_TEST((recipe.pretrained.fresh == std::vector<std::string>{"fc2.weight", "fc2.bias"}));
  BOOST_TEST(recipe.mapping.finetune.layers.size() == 2u);
  BOOST_TEST(make_map(net, recipe.mapping).target_size() == 410u + 1 + 1290);
  Session session(recipe, net, data.dataset, Purpose::train);
  session.expand();
  const std::vector<float> start = session.theta();
  const std::vector<float> stored = some_weights(build_network("cnn2", {1, 28, 28, 7}));
  BOOST_TEST(same(std::span(start).first(107328), std::span(stored).first(107328)));
  double squares = 0;
  for (const float w : std::span(start).subspan(107328, 1280)) squares += double(w) * double(w);
  // 1280 values: a relative spread of sqrt(2 / 1280) = 4% in the mean square.
  BOOST_TEST(std::abs(squares / 1280 * 64 - 1) < 0.2);
  session.train_epoch(0);
  session.expand();
  const std::vector<float> theta = session.theta();
  BOOST_TEST(same(std::span(start).first(4800), std::span(theta).first(4800)));
  for (const std::size_t moved : {4800u, 107328u, 108608u})
    BOOST_TEST(start[moved] != theta[moved]);

  config.seed = 6;
  Session other(recipe_of(config), net, data.dataset, Purpose::train);
  other.expand();
  BOOST_TEST(other.theta()[107328] != start[107328]);
  RunConfig full = finetuning(*config.finetune.pretrained, "direct");
  full.seed = 5;
  Session direct(recipe_of(full), net, data.dataset, Purpose::train);
  BOOST_TEST(same(direct.values(), start));
}

// Alpha scales dz, Adam takes the scale out again: twice the alpha is twice the learning rate but
// for epsilon.
BOOST_AUTO_TEST_CASE(alpha_and_learning_rate_are_one_knob) {
  const ToyData data(64, 10);
  const Folder folder;
  RunConfig config = finetuning(write_pretrained(folder, network("cnn2")));
  config.lr = 0.01;
  const auto shifts = [&] {
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    session.train_epoch(0);
    session.expand();
    std::vector<float> theta = session.theta();
    const std::vector<float> base = some_weights(network("cnn2"));
    for (std::size_t j = 0; j < theta.size(); ++j) theta[j] -= base[j];
    return theta;
  };
  const std::vector<float> one = shifts();
  config.lr = 0.005;
  config.finetune.alpha = {"2"};
  const std::vector<float> two = shifts();
  double most = 0;
  for (const float s : one) most = std::max(most, std::abs(double(s)));
  check_close(two, one, 1e-3 * most, 1e-3, "shifts");
}

BOOST_AUTO_TEST_CASE(fine_tuning_learns_the_toy_classes) {
  if (testing_emulated()) return;  // takes it minutes; its steps are the CPU's (parity_test.cpp)
  const ToyData data(2000, 300);
  const Folder folder;
  const auto file = write_pretrained(folder, network("cnn2"));
  for (const std::size_t share : {1u, 50u}) {
    RunConfig config = finetuning(file);
    config.epochs = 3;
    config.finetune.share = share;
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    for (int epoch = 0; epoch < config.epochs; ++epoch) session.train_epoch(epoch);
    const double after = session.evaluate(Split::test).accuracy;
    BOOST_TEST(after > 0.9, "L = " << share << ": " << after);
  }
}

BOOST_AUTO_TEST_CASE(files_that_do_not_fit_are_refused_with_all_that_is_wrong) {
  const Folder folder;
  const Network net = network("cnn2");
  const std::vector<float> theta = some_weights(net);
  std::vector<NamedTensor> tensors = named_tensors(net, theta);
  tensors[0].shape = {16, 9};
  tensors[2].name = "conv3.weight";
  tensors[6].shape = {128, 10};  // not another number of classes: transposed
  const auto path = folder.path / "odd.safetensors";
  write_safetensors(path, tensors);
  check_fails([&] { recipe_of(finetuning(path)); },
              {path.string(), "conv1.weight: expected [16, 1, 3, 3], found [16, 9]",
               "missing: conv2.weight [32, 16, 3, 3]", "not in cnn2: conv3.weight [32, 16, 3, 3]",
               "fc2.weight: expected [10, 128], found [128, 10]"});
  check_fails([&] { recipe_of(finetuning(folder.path / "absent")); }, {"absent"});
}

BOOST_AUTO_TEST_CASE(the_layers_of_a_list_may_be_prefixes) {
  const Folder folder;
  RunConfig config = finetuning(write_pretrained(folder, network("cnn2")));
  config.finetune.layers = {"fc2", "conv1"};
  config.finetune.alpha = {"fc2:0.5", "0.25"};
  const Finetune f = recipe_of(config).mapping.finetune;
  BOOST_REQUIRE(f.layers.size() == 2u);
  BOOST_TEST(f.layers[0].name == "conv1");
  BOOST_TEST(f.layers[0].alpha == 0.25);
  BOOST_TEST(f.layers[1].alpha == 0.5);

  Network net;  // as torchvision names a residual network's layers
  net.name = "resnet";
  for (const char* name : {"conv1", "layer4.0.conv1", "layer4.1.conv1", "layer40.0.conv1", "fc"}) {
    ParamTensor p;
    p.layer = name, p.name = p.layer + ".weight", p.shape = {2}, p.offset = net.param_count();
    p.size = 2, p.fan_in = 1;
    net.params.push_back(p);
  }
  FinetuneConfig c;
  c.layers = {"layer4", "fc"};
  Pretrained pretrained;
  pretrained.file = "there";
  const Finetune tail = resolve_finetune(c, pretrained, Strategy::slvt, net);
  BOOST_REQUIRE(tail.layers.size() == 3u);
  BOOST_TEST(tail.layers[1].name == "layer4.1.conv1");
  BOOST_TEST(tail.layers[2].name == "fc");
}
