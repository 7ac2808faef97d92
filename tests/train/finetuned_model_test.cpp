#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "data/sha256.hpp"
#include "train/device_here.hpp"
#include "train/model.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// What a fine-tuning run leaves behind: latents that need the pre-trained file again.
using namespace mapnet;
using namespace mapnet::test;

namespace {

namespace fs = std::filesystem;

struct FinetunedRun {
  ToyData data{200, 40};
  Network net = network("cnn2");
  fs::path file, folder = data.folder() / "run";
  RunResult result;

  explicit FinetunedRun(const char* strategy, int classes = 10) {
    const Network before = build_network("cnn2", {1, 28, 28, classes});
    file = data.folder() / "pretrained.safetensors";
    const std::vector<float> theta = some_weights(before);
    write_safetensors(file, named_tensors(before, theta));
    RunConfig config = small_run(strategy);
    config.finetune.pretrained = file.string();
    if (config.strategy != "direct") config.finetune.share = 20;
    result = train_run(recipe_of(config), net, data.dataset, {folder});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(latents_and_pretrained_file_are_the_whole_model) {
  for (const char* strategy : {"direct", "slvt", "lwt"})
    for (const int classes : {10, 3}) {
      const FinetunedRun run(strategy, classes);
      const Model model = open_model(run.folder);
      BOOST_TEST(model.file.recipe.pretrained.sha256 == sha256_hex(run.file));
      const Metrics test = evaluate_model(model, run.data.dataset, Split::test, here());
      BOOST_TEST(test.loss == run.result.test.loss);
      BOOST_TEST(expand_theta(model, here()).size() == 108618u);
      const auto json = nlohmann::json::parse(read_file(run.folder / "result.json"));
      BOOST_TEST(json["pretrained"]["file"] == run.file.string());
      BOOST_TEST(json.contains("finetune") == (std::string(strategy) != "direct"));
    }
}

BOOST_AUTO_TEST_CASE(a_file_elsewhere_serves_and_another_is_refused) {
  const FinetunedRun run("slvt");
  const std::vector<float> want = expand_theta(open_model(run.folder), here());
  const std::string hash = sha256_hex(run.file);
  const fs::path moved = run.data.folder() / "moved.safetensors";
  fs::rename(run.file, moved);
  check_fails([&] { expand_theta(open_model(run.folder), here()); },
              {run.file.string(), "not there", "--pretrained", hash});
  BOOST_TEST((expand_theta(open_model(run.folder, moved), here()) == want));
  {
    const fs::path store = run.data.folder() / "store";
    fs::create_directories(store / "SHA256");
    fs::copy_file(moved, store / "SHA256" / hash);
    const Environment stores("MAPNET_OBJECT_STORES", store.c_str());
    BOOST_TEST((expand_theta(open_model(run.folder), here()) == want));
  }
  std::string changed = read_file(moved);
  changed.back() ^= 1;
  write_file_atomic(moved, changed);
  check_fails([&] { expand_theta(open_model(run.folder, moved), here()); },
              {moved.string(), "expected SHA-256 " + hash, sha256_hex(moved)});
}

BOOST_AUTO_TEST_CASE(a_fully_fine_tuned_model_needs_no_file) {
  const FinetunedRun run("direct");
  fs::remove(run.file);
  const Model model = open_model(run.folder);
  BOOST_TEST(evaluate_model(model, run.data.dataset, Split::test, here()).loss ==
             run.result.test.loss);
  check_fails<UsageError>([&] { open_model(run.folder, run.file); },
                          {"--pretrained", "its own weights"});
}
