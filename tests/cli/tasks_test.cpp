#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "common/file.hpp"
#include "train/toy_tasks.hpp"

/// Forecasts, segmentations and photographs from the command line.
using namespace mapnet;
using namespace mapnet::test;

namespace {

nlohmann::json read_json(const std::filesystem::path& file) {
  return nlohmann::json::parse(read_file(file));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_forecast_is_trained_and_evaluated) {
  const ToySeries data(24 * 8);
  const std::string at = data.folder().string(), from = " --data-dir " + at;
  const std::string train = "train --net lstm --data beijing-pm25 --epochs 2 --batch 16" + from;
  check_outcome(train + " --latent 100 --out " + at + "/run", 0,
                {"lstm on beijing-pm25, slvt", "test", "MSE 0.", "repeating the last", "12961"});
  const auto result = read_json(data.folder() / "run" / "result.json");
  for (const char* key : {"test_mse", "train_mse", "persistence_mse_test", "persistence_mse_train",
                          "test_rmse_in_units"})
    BOOST_TEST((result.contains(key) && result.at(key).get<double>() > 0), key);
  BOOST_TEST(!result.contains("test_accuracy"));

  const Outcome eval = mapnet_with("eval --json --run " + at + "/run" + from);
  BOOST_TEST(eval.code == 0, eval.output);
  BOOST_TEST(nlohmann::json::parse(eval.output).at("mse") == result.at("test_mse"));
  check_outcome("eval --split train --run " + at + "/run" + from, 0,
                {"beijing-pm25 train: MSE 0.", "samples"});
  check_outcome("export --run " + at + "/run --out " + at + "/lstm.safetensors", 0,
                {"10 tensors, 12961 values"});
  check_outcome(train + " --require-mse 1e-9 --latent 100 --out " + at + "/strict", 1,
                {"is above the allowed 0.000000"});
  check_outcome(train + " --require-mse 10 --latent 100 --out " + at + "/lenient", 0, {"MSE"});
}

// The window, the columns and what becomes of missing hours are in the run: eval need not be told.
BOOST_AUTO_TEST_CASE(a_runs_series_options_are_kept) {
  const ToySeries data(24 * 8);
  const std::string at = data.folder().string(), from = " --data-dir " + at;
  check_outcome(
      "train --net lstm-1x8 --data beijing-pm25 --window 6 --multivariate --missing zero "
      "--epochs 1 --strategy direct --quiet --out " +
          at + "/run" + from,
      0, {"lstm-1x8"});
  const auto result = read_json(data.folder() / "run" / "result.json");
  BOOST_TEST(result.at("series").at("window") == 6);
  const Outcome eval = mapnet_with("eval --json --run " + at + "/run" + from);
  BOOST_TEST(eval.code == 0, eval.output);
  BOOST_TEST(nlohmann::json::parse(eval.output).at("mse") == result.at("test_mse"));
}

BOOST_AUTO_TEST_CASE(a_segmentation_is_trained_and_evaluated) {
  const ToyPictures data(32, 2, 1);  // brought to 256 x 256
  const std::string at = data.folder().string(), from = " --data-dir " + at;
  check_outcome("train --net cnn3 --data camvid256 --latent 100 --epochs 1 --batch 1 --out " + at +
                    "/run" + from,
                0, {"cnn3 on camvid256", "pixel accuracy", "mean IoU", "running statistics"});
  const auto result = read_json(data.folder() / "run" / "result.json");
  BOOST_TEST(result.at("test_mean_iou").get<double>() > 0);
  const Outcome eval = mapnet_with("eval --json --run " + at + "/run" + from);
  BOOST_TEST(eval.code == 0, eval.output);
  const auto found = nlohmann::json::parse(eval.output);
  BOOST_TEST(found.at("mean_iou") == result.at("test_mean_iou"));
  BOOST_TEST(found.at("accuracy") == result.at("test_accuracy"));
}

// Running statistics go through the file too.
BOOST_AUTO_TEST_CASE(an_exported_resnet_is_fine_tuned) {
  const ToyCifar data(5, 5);
  const std::string at = data.folder().string(), weights = at + "/resnet.safetensors";
  const std::string train = "train --net resnet18-cifar --data cifar10 --batch 4 --data-dir " + at;
  check_outcome(train + " --latent 100 --epochs 1 --out " + at + "/before", 0,
                {"resnet18-cifar on cifar10", "test accuracy", "running statistics", "9600"});
  check_outcome("export --run " + at + "/before --out " + weights, 0,
                {"102 tensors, 11183562 values"});  // 62 of theta
  check_outcome(train + " --latent 100 --share 250 --epochs 0 --pretrained " + weights + " --out " +
                    at + "/after",
                0, {"pre-trained weights", "L = 250"});
  const auto before = read_json(data.folder() / "before" / "result.json");
  const auto after = read_json(data.folder() / "after" / "result.json");
  BOOST_TEST(before.at("test_accuracy") == after.at("test_accuracy"));
}

BOOST_AUTO_TEST_CASE(contradictions_of_tasks_are_one_clear_line) {
  const std::string lstm = "train --net lstm --data beijing-pm25 --data-dir /nonexistent ";
  const std::string cnn3 = "train --net cnn3 --data camvid256 --data-dir /nonexistent ";
  const std::pair<std::string, std::string> cases[] = {
      {"train --net lstm --data fashion-mnist",
       "--net lstm forecasts; fashion-mnist is a data set to classify"},
      {"train --net cnn2 --data beijing-pm25",
       "--net cnn2 classifies; beijing-pm25 is a data set to forecast"},
      {"train --net resnet50 --data camvid256",
       "--net resnet50 classifies; camvid256 is a data set to segment"},
      {lstm + "--require-accuracy 0.5", "--require-mse"},
      {cnn3 + "--require-mse 0.5", "--require-accuracy"},
      {lstm + "--label-smoothing 0.1", "--label-smoothing"},
      {cnn3 + "--label-smoothing 0.1", "--label-smoothing"},
      {lstm + "--augment-flip", "a forecast has none"},
      {lstm + "--augment-shift 2", "a forecast has none"},
      {lstm + "--quantize int8", "--quantize"},
      {lstm + "--window 0", "window"},
      {lstm + "--missing mean", "'mean'"},
      {"train --net lstm-0x32 --data beijing-pm25", "lstm-0x32"},
      {"train --net cnn2 --data fashion-mnist --data-dir /nonexistent --window 5", "--window"},
      {"plan --net cnn2 --data fashion-mnist --multivariate", "--multivariate"},
      {"plan --net cnn2 --data noise-1x28x28x10 --window 5", "--window"},
      {"train --net cnn2 --data noise-1x28x28x10 --missing nonsense", "--missing"},
      {"plan --net cnn2 --data celeb-df --window 5", "--window"},
      {"train --net cnn2 --data celeb-df --data-dir /nonexistent --multivariate", "--multivariate"},
  };
  for (const auto& [arguments, part] : cases) {
    const Outcome outcome = mapnet_with(arguments);
    BOOST_TEST_CONTEXT(arguments << "\n" << outcome.output) {
      BOOST_TEST(outcome.code == 2);
      BOOST_TEST(outcome.output.find("mapnet: ") == 0u);
      BOOST_TEST(outcome.output.find(part) != std::string::npos);
      BOOST_TEST(std::count(outcome.output.begin(), outcome.output.end(), '\n') == 1);
    }
  }
}
