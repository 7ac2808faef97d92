#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "common/file.hpp"
#include "common/temporary.hpp"
#include "train/video_files.hpp"

/// Data that is made before it is trained on: features of videos, and noise.
using namespace mapnet;
using namespace mapnet::test;

namespace {

nlohmann::json result_of(const std::string& run) {
  return nlohmann::json::parse(read_file(run + "/result.json"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(noise_is_listed_planned_and_trained_on) {
  const Folder folder;
  const std::string run = (folder.path / "run").string();
  check_outcome("data list", 0, {"noise-CxHxWxCLASSES[-pixels|-shapes]"});
  check_outcome("data check noise-3x8x8x4", 0, {"256 samples to train on, 64 to test, 3 x 8 x 8"});
  check_outcome("data fetch noise-3x8x8x4", 2, {"no files"});
  check_outcome("train --data noise-3x8", 2,
                {"noise-3x8: expected noise-CxHxWxCLASSES[-pixels|-shapes]"});
  check_outcome("plan --net resnet50 --data noise-3x32x32x1000 --latent 64 --batch 2", 0,
                {"theta"});
  check_outcome(
      "train --net cnn2 --latent 16 --epochs 1 --quiet --data noise-1x16x16x5 --out " + run, 0,
      {"test accuracy"});
  check_outcome("eval --run " + run, 0, {"64 samples"});
  const std::string no_videos = " --features-cache " + (folder.path / "cache").string();
  check_outcome("eval --run " + run + no_videos, 2, {"--features-cache", "videos"});
  check_outcome("eval --run " + run + " --features-weights /nonexistent", 2,
                {"--features-weights", "videos"});
  const std::string int8 = "export --format onnx --dtype int8 --out " + run + ".onnx --run " + run;
  check_outcome(int8 + no_videos, 2, {"--features-cache", "videos"});
}

BOOST_AUTO_TEST_CASE(videos_features_are_made_once_and_trained_on) {
  const TinyCelebDf videos(2);
  const std::string at = videos.path.string(), weights = at + "/resnet50.safetensors";
  const std::string cache = " --features-cache " + at + "/cache ";
  check_outcome(
      "train --net resnet50 --strategy direct --epochs 0 --batch 32 --quiet --data "
      "noise-3x32x32x10 --out " +
          at + "/resnet50",
      0, {});
  check_outcome("export --run " + at + "/resnet50 --out " + weights, 0, {"267 tensors"});
  // The network that makes features has no part of the budget.
  check_outcome("train --memory-budget 1GiB --net cnn2 --data celeb-df --data-dir " + at + cache +
                    "--features-frames 1 --features-weights " + weights + " --out " + at + "/none",
                1,
                {"the features of 7 of 7 videos are not in the cache",
                 "mapnet data features celeb-df --data-dir " + at, "--frames 1"});
  const std::string extract = "data features celeb-df --data-dir " + at + " --frames 1 --weights " +
                              weights + " --out " + at + "/cache";
  check_outcome(
      extract, 0,
      {"7 made from 7 frames", "waited for", "5 videos to train on, 2 to test, 2176 values each"});
  check_outcome(extract, 0, {"7 videos, 7 in the cache\n"});

  const std::string of_videos = " --net cnn2 --data celeb-df --data-dir " + at + cache +
                                "--features-frames 1 --features-weights ";
  check_outcome("plan --buffers" + of_videos + weights, 0, {"values"});
  const std::string run = at + "/run";
  check_outcome(
      "train --latent 64 --epochs 2 --batch 2 --quiet" + of_videos + weights + " --out " + run, 0,
      {"7 in the cache", "406594"});
  check_outcome("train --latent 64 --epochs 0 --batch 2 --quiet --memory-budget 1GiB" + of_videos +
                    weights + " --out " + at + "/within",
                0, {"7 in the cache"});
  const auto result = result_of(run);
  BOOST_TEST(result.at("features").at("frames") == 1);
  BOOST_TEST(result.at("features").at("net") == "resnet50");
  const Outcome eval = mapnet_with("eval --json --run " + run + " --data-dir " + at + cache);
  BOOST_REQUIRE(eval.code == 0);
  const auto json = nlohmann::json::parse(eval.output.substr(eval.output.find('{')));
  BOOST_TEST(json.at("accuracy") == result.at("test_accuracy"));
  BOOST_TEST(json.at("loss") == result.at("test_loss"));

  // Without the cache the weights are needed again, and are looked for.
  const std::string again =
      "eval --run " + run + " --data-dir " + at + " --features-cache " + at + "/other";
  std::filesystem::rename(weights, at + "/moved.safetensors");
  check_outcome(again, 1, {weights, "--features-weights FILE"});
  check_outcome(again + " --features-weights " + at + "/moved.safetensors", 0,
                {"7 made", "2 samples"});
}

BOOST_AUTO_TEST_CASE(features_ask_for_what_they_need) {
  const TinyCelebDf videos(1);
  const std::string at = videos.path.string();
  check_outcome("train --data celeb-df --data-dir " + at + " --out " + at + "/run", 2,
                {"--features-weights FILE"});
  check_outcome("train --features-frames 3", 2, {"--features-frames", "videos"});
  for (const char* command : {"train", "plan", "bench"})
    check_outcome(std::string(command) + " --data noise-1x28x28x10 --features-cache " + at, 2,
                  {"--features-cache", "videos"});
  check_outcome("data features mnist --data-dir x --weights y", 2, {"mnist: holds no videos"});
  check_outcome("data features celeb-df --data-dir x --weights /nonexistent/y", 1,
                {"/nonexistent/y"});
  check_outcome("data features celeb-df --data-dir x", 2, {"--weights"});
}
