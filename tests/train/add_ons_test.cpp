#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/file.hpp"
#include "train/add_on_result.hpp"
#include "train/device_here.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// Whole runs with add-ons, and what can be made of them: each strategy, each add-on, all at once.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct Finished {
  ToyData data{200, 40};
  std::filesystem::path folder = data.folder() / "run";
  RunResult result;
  nlohmann::json json;
  Model model;

  explicit Finished(RunConfig config) {
    config.epochs = 2;
    config.device = testing_cuda() ? "cuda" : "cpu";
    result = train_run(recipe_of(config), network_of(config), data.dataset, {folder});
    json = nlohmann::json::parse(read_file(folder / "result.json"));
    model = open_model(folder);
  }
};

std::size_t nonzeros(const std::vector<float>& theta) {
  return theta.size() - static_cast<std::size_t>(std::count(theta.begin(), theta.end(), 0.0f));
}

/// The model file holds all there is: the same metrics, whoever computes them.
void check_reopened(const Finished& run) {
  const Metrics test = evaluate_model(run.model, run.data.dataset, Split::test, here());
  BOOST_TEST(test.accuracy == run.result.test.accuracy);
  BOOST_TEST(test.loss == run.result.test.loss);
  BOOST_TEST(to_json(run.model.file.recipe).dump() == to_json(run.result.recipe).dump());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_low_rank_run_of_each_strategy) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig config = small_run(strategy);
    config.add_ons.low_rank = "fc1:32";
    const Finished run(config);
    BOOST_TEST(run.json["target_params"] == 35914);
    BOOST_TEST(run.json["add_ons"]["lrd"] == "fc1:32");
    BOOST_TEST(run.json["trainable_params"] == (config.strategy == "direct" ? 35914
                                                : config.strategy == "slvt" ? 256
                                                                            : 288));
    check_reopened(run);
    BOOST_TEST(run.model.net.params[4].name == "fc1.v.weight");
    BOOST_TEST(expand_theta(run.model, here()).size() == 35914u);
  }
}

BOOST_AUTO_TEST_CASE(a_pruned_run_of_each_strategy) {
  for (const char* strategy : {"direct", "slvt", "lwt"})
    for (const double at : {0.0, 0.6, 1.0}) {
      RunConfig config = small_run(strategy);
      config.add_ons.prune = 0.9;
      config.add_ons.prune_at = at;
      if (at == 1.0) config.add_ons.prune_scope = "tensor";
      const Finished run(config);
      BOOST_TEST(run.json["nonzeros"] == 10862);
      BOOST_TEST(run.json["sparsity"] == 1 - 10862.0 / 108618);
      BOOST_TEST(run.json["mask_bytes"] == 4 * ((108618 + 31) / 32));
      BOOST_TEST(run.json["add_ons"]["prune_scope"] == (at == 1.0 ? "tensor" : "global"));
      check_reopened(run);
      BOOST_TEST(nonzeros(expand_theta(run.model, here())) == 10862u);
    }
}

BOOST_AUTO_TEST_CASE(a_quantised_run_of_each_strategy) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig config = small_run(strategy);
    config.add_ons.quantize = "int8";
    const Finished run(config);
    BOOST_TEST(run.json["int8_model_bytes"] == 109936);
    check_reopened(run);
    const Metrics int8 = evaluate_model_int8(run.model, run.data.dataset, Split::test, here());
    BOOST_TEST(run.json["quantized_test_accuracy"] == int8.accuracy);
    BOOST_TEST(run.json["quantized_test_loss"] == int8.loss);
    BOOST_TEST(int8.loss != run.result.test.loss);
  }
}

// What a segmentation is judged by are its mean IoU and its most frequent label, in int8 too.
BOOST_AUTO_TEST_CASE(an_int8_segmentation_is_judged_as_any) {
  AddOnResult r;
  r.int8_test = {0.75, 0.5, 0.25, 0.375, 20};
  nlohmann::json segmented, classified;
  add_to_json(segmented, Task::segment, r);
  BOOST_TEST(segmented["quantized_test_loss"] == 0.75);
  BOOST_TEST(segmented["quantized_test_accuracy"] == 0.5);
  BOOST_TEST(segmented["quantized_test_mean_iou"] == 0.25);
  BOOST_TEST(segmented["quantized_test_majority_accuracy"] == 0.375);
  r.int8_test.mean_iou.reset();
  add_to_json(classified, Task::classify, r);
  BOOST_TEST(classified["quantized_test_accuracy"] == 0.5);
  BOOST_TEST(!classified.contains("quantized_test_mean_iou"));
}

BOOST_AUTO_TEST_CASE(all_add_ons_at_once_with_each_strategy) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig config = small_run(strategy);
    config.validation = 30;
    config.add_ons.low_rank = "fc1:32,fc2:4";
    config.add_ons.prune = 0.8;
    config.add_ons.quantize = "int8";
    const Finished run(config);
    const std::size_t params = 35914 - 1280 + 4 * 138;
    BOOST_TEST(run.json["target_params"] == params);
    BOOST_TEST(run.json["nonzeros"] == std::llround(0.2 * double(params)));
    BOOST_TEST(run.json["quantized_test_accuracy"] ==
               evaluate_model_int8(run.model, run.data.dataset, Split::test, here()).accuracy);
    check_reopened(run);
  }
}

BOOST_AUTO_TEST_CASE(a_run_without_add_ons_says_nothing_of_them) {
  const Finished run(small_run("slvt"));
  for (const char* key : {"add_ons", "nonzeros", "mask_bytes", "quantized_test_accuracy"})
    BOOST_TEST(!run.json.contains(key), key);
  // Any model may be tried in int8 afterwards.
  const Metrics int8 = evaluate_model_int8(run.model, run.data.dataset, Split::test, here());
  BOOST_TEST(int8.samples == 40u);
}

BOOST_AUTO_TEST_CASE(a_mask_of_another_length_is_refused) {
  RunConfig config = small_run("slvt");
  config.add_ons.prune = 0.5;
  const Finished run(config);
  LatentFile file = run.model.file;
  const auto path = run.data.folder() / "other.latent";
  file.pruned.pop_back();
  write_latent_file(path, file);
  check_fails([&] { open_model(path); }, {path.string(), "mask", "108618"});
  file.pruned.clear();
  write_latent_file(path, file);
  check_fails([&] { open_model(path); }, {path.string(), "mask"});
}
