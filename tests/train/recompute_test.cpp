#include <boost/test/unit_test.hpp>

#include "common/error.hpp"
#include "nets/join.hpp"
#include "nets/recomputed.hpp"
#include "train/arena_of.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/trained_twice.hpp"

/// Activations that the backward pass makes again are the same bits in less memory.
using namespace mapnet;
using namespace mapnet::test;

namespace {

RunConfig recomputing(RunConfig config, const char* what) {
  config.footprint.recompute = what;
  return config;
}

}  // namespace

BOOST_AUTO_TEST_CASE(recomputing_changes_no_bit) {
  const ToyData data(40, 20);
  const ToyPictures pictures(16, 6, 2);
  const ToySeries series(24 * 4);
  const ToyCifar cifar(10, 5);
  struct Case {
    const char* net;
    const Dataset* dataset;
    std::vector<const char*> kinds;
  };
  std::vector<Case> cases = {{"cnn3", &pictures.dataset, {"norms", "3", "enc1,bottleneck"}},
                             {"lstm", &series.dataset, {"2"}}};
  if (!testing_cuda()) {  // an emulated GPU takes minutes for these
    cases.push_back({"cnn1", &data.dataset, {"2", "3"}});
    cases.push_back({"cnn3", &pictures.dataset, {"2", "1000"}});
    cases.push_back({"resnet18-cifar", &cifar.dataset, {"norms", "4"}});
  }
  for (const Case& c : cases) {
    RunConfig config = toy_run(c.net, *c.dataset, "slvt");
    config.batch = 4;
    const Trained kept = trained(config, *c.dataset);
    for (const char* kind : c.kinds)
      BOOST_TEST(kept.same_bits(trained(recomputing(config, kind), *c.dataset)),
                 c.net << " --recompute " << kind);
  }
}

BOOST_AUTO_TEST_CASE(recomputing_goes_with_micro_batches_and_the_loss_of_two_passes) {
  const ToyData data(16, 5);
  RunConfig config = small_run("slvt");
  config.footprint.micro_batch = 5;
  BOOST_TEST(
      trained(config, data.dataset).same_bits(trained(recomputing(config, "2"), data.dataset)));
  config = small_run("slvt");
  config.loss.terms = "task+stab";
  BOOST_TEST(
      trained(config, data.dataset).same_bits(trained(recomputing(config, "2"), data.dataset)));
}

BOOST_AUTO_TEST_CASE(recomputing_takes_less_memory) {
  const auto arena = [](const char* net_name, const NetworkInput& input, const char* kind) {
    RunConfig config = small_run("direct");
    config.net = net_name;
    config.batch = 8;
    return static_cast<double>(arena_of(recomputing(config, kind), build_network(net_name, input)));
  };
  // ResNet-50's activations at batch 8 are 620 MiB of 1.1 GiB. A third of them are convolutions'
  // outputs, another the blocks' sums, and the rest what norms drops: but for the widest, which the
  // forward pass alone reads, those take 100 MiB.
  const double kept = arena("resnet50", {3, 224, 224, 1000}, "none");
  BOOST_TEST(arena("resnet50", {3, 224, 224, 1000}, "norms") < 0.93 * kept);
  BOOST_TEST(arena("resnet50", {3, 224, 224, 1000}, "4") < 0.7 * kept);
  const double unet = arena("cnn3", {3, 64, 64, 11}, "none");
  BOOST_TEST(arena("cnn3", {3, 64, 64, 11}, "norms") < 0.95 * unet);
}

BOOST_AUTO_TEST_CASE(a_stretch_keeps_what_crosses_its_end_and_the_last_keeps_all) {
  const Network net = build_network("cnn1", {1, 28, 28, 10});
  std::vector<ForwardTrace::Op> ops = join_layers(net);
  for (ForwardTrace::Op& op : ops) op.y.n = 1, op.y.c = 1;  // all of one size
  const std::vector<bool> dropped =
      dropped_ops(ops, {Recompute::Kind::stretches, static_cast<int>(ops.size())});
  BOOST_TEST(std::count(dropped.begin(), dropped.end(), true) == 0);  // each op a stretch
  const std::vector<bool> halves = dropped_ops(ops, {Recompute::Kind::stretches, 2});
  BOOST_TEST(!halves.back());
  const auto first_kept = std::find(halves.begin(), halves.end(), false);
  BOOST_TEST((first_kept != halves.begin()));                   // something is dropped
  BOOST_TEST(std::count(first_kept, halves.end(), true) == 0);  // and nothing behind the cut
}

BOOST_AUTO_TEST_CASE(layers_are_named_one_by_one_or_with_all_below_them) {
  const std::vector<ForwardTrace::Op> ops =
      join_layers(build_network("resnet18", {3, 224, 224, 10}));
  const std::vector<bool> dropped = dropped_ops(ops, parse_recompute("conv1,layer2.0,fc"));
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const std::string& name = ops[i].layer.name;
    BOOST_TEST(dropped[i] == (name == "conv1" || name.starts_with("layer2.0.")), name);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_recomputation_is_refused) {
  for (const char* text : {"", "1", "0", "-2", "2.5", "1001", "2x", "a,", ",", "a b"})
    check_fails<UsageError>([&] { parse_recompute(text); }, {"--recompute"});
  BOOST_TEST(to_string(parse_recompute("norms")) == "norms");
  BOOST_TEST(to_string(parse_recompute("12")) == "12");
  BOOST_TEST(to_string(parse_recompute("none")) == "none");
  BOOST_TEST(to_string(parse_recompute("conv1,layer1.0")) == "conv1,layer1.0");
  RunConfig config = recomputing(small_run("slvt"), "conv2,conv7");
  check_fails<UsageError>([&] { recipe_of(config); }, {"--recompute", "conv7", "cnn2", "conv2"});
}
