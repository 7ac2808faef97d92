#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/file.hpp"
#include "train/device_here.hpp"
#include "train/model.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"
#include "train/train_run.hpp"

/// Runs of every task and what they write.
using namespace mapnet;
using namespace mapnet::test;

namespace {

void check_equal(const Metrics& found, const Metrics& want) {
  BOOST_TEST(found.samples == want.samples);
  BOOST_TEST(found.loss == want.loss);
  BOOST_TEST(found.accuracy == want.accuracy);
  BOOST_TEST((found.mean_iou == want.mean_iou));
}

/// Trains, and reads the model back: the same metrics to the bit. Returns result.json.
nlohmann::json check_run(const char* net_name, const Dataset& dataset, const Folder& folder,
                         const char* strategy) {
  RunConfig config = toy_run(net_name, dataset, strategy);
  config.batch = 4;
  config.epochs = 2;
  const Network net = network_for(config, dataset);
  const auto run = folder.path / (std::string(net_name) + "-" + strategy);
  const RunResult result = train_run(resolve(config, net), net, dataset, {run});
  const Model model = open_model(run);
  BOOST_TEST(model.file.state.size() == net.state_count());
  BOOST_TEST_CONTEXT(net_name << " " << strategy) {
    check_equal(evaluate_model(model, dataset, Split::test, here()), result.test);
    check_equal(evaluate_model(model, dataset, Split::train, here()), result.train);
  }
  return nlohmann::json::parse(read_file(run / "result.json"));
}

/// The bytes of a latent file with another description.
std::string with_description(const std::string& bytes,
                             const std::function<void(nlohmann::json&)>& change) {
  const auto word = [](std::uint32_t value) {
    return std::string(reinterpret_cast<const char*>(&value), 4);
  };
  std::uint32_t size = 0;
  std::memcpy(&size, bytes.data() + 12, 4);
  auto description = nlohmann::json::parse(bytes.substr(16, size));
  change(description);
  const std::string text = description.dump();
  std::string changed = bytes.substr(0, 12) + word(static_cast<std::uint32_t>(text.size())) + text +
                        bytes.substr(16 + size, bytes.size() - 4 - 16 - size);
  return changed + word(static_cast<std::uint32_t>(
                       ::crc32(0, reinterpret_cast<const unsigned char*>(changed.data()),
                               static_cast<unsigned>(changed.size()))));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_forecasters_run_is_its_latents) {
  const ToySeries data(24 * 3);
  const Folder folder;
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    const auto json = check_run("lstm", data.dataset, folder, strategy);
    BOOST_TEST(json.at("test_mse") == json.at("loss"));
    BOOST_TEST(json.at("persistence_mse_test").get<double>() > 0);
    BOOST_TEST(json.at("missing_filled") == 1);
    BOOST_TEST(json.at("series").at("window") == 24);
    BOOST_TEST(!json.contains("test_accuracy"));
    BOOST_TEST(!json.contains("running_statistics"));
  }
}

BOOST_AUTO_TEST_CASE(a_segmenters_run_is_its_latents_and_running_statistics) {
  const ToyPictures data(16, 5, 2);
  const Folder folder;
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    const auto json = check_run("cnn3", data.dataset, folder, strategy);
    BOOST_TEST(json.at("running_statistics") == 2 * 1184);
    const double iou = json.at("test_mean_iou"), accuracy = json.at("test_accuracy");
    BOOST_TEST((iou > 0 && iou <= accuracy), iou << " of " << accuracy);
    BOOST_TEST(json.contains("train_mean_iou"));
    std::istringstream log(
        read_file(folder.path / ("cnn3-" + std::string(strategy)) / "metrics.jsonl"));
    std::string line;
    BOOST_REQUIRE(std::getline(log, line));
    const auto epoch = nlohmann::json::parse(line);
    BOOST_TEST(epoch.contains("train_accuracy"));
    BOOST_TEST(!epoch.contains("train_mean_iou"));  // running sums count hits alone
  }
}

BOOST_AUTO_TEST_CASE(a_resnets_run_is_its_latents_and_running_statistics) {
  if (testing_emulated()) return;
  const ToyCifar data(6, 5);
  const Folder folder;
  const auto json = check_run("resnet18-cifar", data.dataset, folder, "slvt");
  BOOST_TEST(json.at("running_statistics") == 9600);
  BOOST_TEST(json.contains("test_accuracy"));
  BOOST_TEST(!json.contains("test_mean_iou"));
}

// Files were written before there were running statistics or images of several channels.
BOOST_AUTO_TEST_CASE(older_latent_files_are_read) {
  const ToyData data(60, 20);
  RunConfig config = toy_run("cnn2", data.dataset, "slvt");
  const Network net = network_for(config, data.dataset);
  const Folder folder;
  const auto run = folder.path / "run";
  const RunResult result = train_run(resolve(config, net), net, data.dataset, {run});
  const std::string older =
      with_description(read_file(run / "model.latent"), [](nlohmann::json& description) {
        BOOST_TEST(!description.contains("state"));
        for (const char* key : {"pixel_mean", "pixel_stddev"})
          description.at(key) = description.at(key).at(0).get<double>();
      });
  const Model model = open_model(folder.write("older.latent", older));
  check_equal(evaluate_model(model, data.dataset, Split::test, here()), result.test);
}

BOOST_AUTO_TEST_CASE(a_network_without_its_running_statistics_is_refused) {
  const ToyPictures data(16, 4, 2);
  RunConfig config = toy_run("cnn3", data.dataset, "slvt");
  config.epochs = 0;
  config.batch = 4;
  const Network net = network_for(config, data.dataset);
  const Folder folder;
  train_run(resolve(config, net), net, data.dataset, {folder.path / "run"});
  LatentFile file = read_latent_file(folder.path / "run" / "model.latent");
  BOOST_TEST(file.state.size() == net.state_count());
  file.state.clear();
  write_latent_file(folder.path / "without.latent", file);
  check_fails([&] { open_model(folder.path / "without.latent"); },
              {"without.latent", "0 running statistics; cnn3 has 2368"});
}
