#include <boost/test/unit_test.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "data/safetensors_reader.hpp"
#include "export/onnx_reader.hpp"
#include "train/model.hpp"
#include "train/predict.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"
#include "train/train_run.hpp"

/// Trained, exported and asked as a user does it.
using namespace mapnet;
using namespace mapnet::test;

namespace {

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

/// Picture i of a data set's test samples as a file.
std::string picture(const Dataset& d, std::size_t i, const std::filesystem::path& folder) {
  const std::size_t size = static_cast<std::size_t>(d.channels * d.height * d.width);
  std::vector<std::uint8_t> all(d.test.count * size);
  read_pixels(d, d.test, all);
  Image image{d.width,
              d.height,
              1,
              {all.begin() + static_cast<std::ptrdiff_t>(i * size),
               all.begin() + static_cast<std::ptrdiff_t>((i + 1) * size)}};
  const std::filesystem::path file = folder / ("picture" + std::to_string(i) + ".png");
  write_png(file, image);
  return file.string();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_classifier_is_exported_and_asked) {
  const ToyData data(400, 40);
  const std::string at = data.folder().string(), run = at + "/run", from = " --data-dir " + at;
  check_outcome("train --latent 512 --epochs 3 --batch 20 --threads 2 --quiet --out " + run + from,
                0, {"test accuracy"});
  const std::string exported = "export --run " + run + " --out " + at + "/";
  check_outcome(exported + "half.safetensors --dtype bf16", 0, {"8 tensors"});
  check_outcome(exported + "full.onnx --format onnx", 0, {"full.onnx", "opset 13"});
  check_outcome(exported + "small.onnx --format onnx --dtype int8" + from, 0, {"small.onnx"});
  check_outcome(exported + "model.h --format c" + from, 0, {"bytes of flash", "bytes of RAM"});
  BOOST_TEST(SafetensorsFile(at + "/half.safetensors").find("fc1.weight")->dtype == "BF16");
  BOOST_TEST(ReadModel(read_file(at + "/small.onnx")).metadata.at("dtype") == "int8");
  const ReadModel full(read_file(at + "/full.onnx"));
  BOOST_TEST(full.metadata.at("class_names").find("Ankle boot") != std::string::npos);
  check_outcome(exported + "other.h --format c --data-dir /nonexistent", 1,
                {"int8 needs the training data", "/nonexistent"});
  BOOST_TEST(!std::filesystem::exists(at + "/other.h"));
  // To standard output the file goes alone.
  const std::pair<std::string, std::string> formats[] = {{"half.safetensors", " --dtype bf16"},
                                                         {"full.onnx", " --format onnx"},
                                                         {"model.h", " --format c" + from}};
  for (const auto& [file, flags] : formats) {
    const Outcome piped =
        run_command("( " + tested_program("export --run ") + run + " --out /dev/stdout" + flags +
                    " > " + at + "/piped 2> /dev/null )");
    BOOST_TEST(piped.code == 0, file);
    BOOST_TEST((read_file(at + "/piped") == read_file(at + "/" + file)), file);
  }

  // All of the test pictures: as many are right as an evaluation says.
  std::string files;
  for (std::size_t i = 0; i < 40; ++i) files += " " + picture(data.dataset, i, data.folder());
  const Outcome asked = mapnet_with("predict --json --top 2 --run " + run + files);
  BOOST_TEST(asked.code == 0, asked.output);
  std::vector<std::uint8_t> labels(40);
  read_labels(data.dataset, data.dataset.test, labels);
  std::size_t hits = 0;
  const auto lines = json_lines(asked.output);
  BOOST_REQUIRE(lines.size() == 40u);
  for (std::size_t i = 0; i < 40; ++i) {
    const auto& predictions = lines[i].at("predictions");
    BOOST_TEST(predictions.size() == 2u);
    BOOST_TEST(predictions[0].at("probability") >= predictions[1].at("probability"));
    hits += predictions[0].at("index") == labels[i];
  }
  const auto result = nlohmann::json::parse(read_file(run + "/result.json"));
  BOOST_TEST(static_cast<double>(hits) / 40 == result.at("test_accuracy").get<double>());

  const std::string one = "predict --run " + run + " " + at + "/picture3.png";
  const Outcome text = mapnet_with(one);
  BOOST_TEST(text.output.find("picture3.png\n") != std::string::npos);
  BOOST_TEST(text.output.find(lines[3].at("predictions")[0].at("class")) != std::string::npos);
  BOOST_TEST(std::ranges::count(text.output, '\n') == 6);
  check_outcome(one + " " + at + "/absent.png", 1, {"absent.png"});
  write_file_atomic(at + "/broken.png", "not a picture");
  check_outcome("predict --run " + run + " " + at + "/broken.png", 1,
                {"broken.png", "JPEG or PNG"});
  // As many channels as nothing here has room for.
  LatentFile damaged = read_latent_file(run + "/model.latent");
  for (std::size_t n : {2, 5}) {
    damaged.pixels = {std::vector<double>(n, 0.5), std::vector<double>(n, 0.5)};
    write_latent_file(at + "/damaged.latent", damaged);
    check_outcome("predict --run " + at + "/damaged.latent x.png", 1,
                  {"damaged.latent", "pixel_mean"});
  }
  check_outcome(one + " --out " + at + "/labels", 2, {"--out", "segmentation"});
}

BOOST_AUTO_TEST_CASE(a_picture_of_another_size_is_resized) {
  const Folder folder;
  const Network net = build_network("cnn2", {1, 28, 28, 10});
  write_png(folder.path / "large.png", plain(100, 60, 3, 200));
  const auto pixels = read_network_input(folder.path / "large.png", net);
  BOOST_TEST(pixels.size() == 784u);
  BOOST_TEST((pixels == std::vector<std::uint8_t>(784, 200)));
  const Network four = build_network("cnn2", {4, 28, 28, 10});
  check_fails<UsageError>([&] { read_network_input(folder.path / "large.png", four); },
                          {"4 channels"});
}

BOOST_AUTO_TEST_CASE(probabilities_are_a_softmax_best_first) {
  const std::vector<float> logits = {1000, 1001, 1000};
  const auto classes = probabilities(logits);
  BOOST_TEST(classes[0].index == 1u);
  BOOST_TEST(classes[1].index == 0u);
  BOOST_TEST(std::abs(classes[0].share - std::exp(1.0) / (2 + std::exp(1.0))) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_segmentation_draws_label_maps) {
  const ToyPictures data(16, 6, 2);
  const std::filesystem::path folder = data.folder();
  const std::string at = folder.string(), run = at + "/run";
  RunConfig c = toy_run("cnn3", data.dataset, "direct");
  c.epochs = 1;
  c.batch = 3;
  const Network net = network_for(c, data.dataset);
  train_run(resolve(c, net), net, data.dataset, {run});
  write_png(folder / "a.png", plain(40, 24, 3, 220));
  write_png(folder / "b" / "a.png", plain(16, 16, 3, 20));
  const std::string one = "predict --json --run " + run + " --out " + at + "/maps " + at + "/a.png";
  const Outcome asked = mapnet_with(one);
  BOOST_TEST(asked.code == 0, asked.output);
  const auto answer = nlohmann::json::parse(asked.output);
  BOOST_TEST(answer.at("labels") == at + "/maps/a.png");
  const Image labels = read_label_image(folder / "maps" / "a.png");
  BOOST_TEST((labels.width == 40 && labels.height == 24));  // the picture's own size
  double shares = 0;
  for (const auto& p : answer.at("predictions")) shares += p.at("share").get<double>();
  BOOST_TEST(shares <= 1 + 1e-9);
  const std::size_t best = answer.at("predictions")[0].at("index");
  BOOST_TEST(std::ranges::count(labels.pixels, static_cast<std::uint8_t>(best)) > 0);
  check_outcome(one + " " + at + "/b/a.png", 2, {"two images are called a"});
  check_outcome("predict --run " + run + " --out " + at + " " + at + "/a.png", 2,
                {"--out", "would replace", "a.png"});
  BOOST_TEST(read_image(folder / "a.png", 3).channels == 3);
}

BOOST_AUTO_TEST_CASE(a_label_map_is_the_largest_logit_of_each_pixel) {
  Network net;
  net.classes = 3, net.height = 1, net.width = 4;
  const std::vector<float> logits = {5, 0, 0, 1, 4, 2, 0, 1, 3, 1, 6, 1};  // [3, 1, 4]
  const Image labels = label_map(logits, net);
  BOOST_TEST((labels.pixels == std::vector<std::uint8_t>{0, 1, 2, 0}));
  const auto shares = class_shares(labels);
  BOOST_TEST(shares.size() == 3u);
  BOOST_TEST((shares[0].index == 0u && shares[0].share == 0.5));
}

BOOST_AUTO_TEST_CASE(a_forecast_takes_no_images) {
  const ToySeries data(200);
  const std::string at = data.folder().string(), run = at + "/run";
  check_outcome("train --net lstm-1x4 --data beijing-pm25 --latent 16 --epochs 1 --quiet --out " +
                    run + " --data-dir " + at,
                0, {});
  check_outcome("predict --run " + run + " x.png", 2, {"forecasts a series", "eval"});
  check_outcome("export --format onnx --run " + run + " --out " + at + "/f.onnx", 0, {"f.onnx"});
  check_outcome("export --format onnx --dtype int8 --run " + run + " --out " + at +
                    "/i.onnx --data-dir " + at,
                0, {"i.onnx"});
  // Known before the data is looked at.
  for (const std::string& from : {at, std::string("/nonexistent")})
    check_outcome("export --format c --run " + run + " --out " + at + "/m.h --data-dir " + from, 1,
                  {"classifiers of images"});
}
