#include "train/run_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/file.hpp"
#include "data/safetensors.hpp"
#include "train/device_here.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// What a run leaves behind, and what can be made of it.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct FinishedRun {
  ToyData data{200, 40};
  Recipe recipe;
  std::filesystem::path folder = data.folder() / "run";
  RunResult result;
  std::vector<EpochReport> epochs;

  explicit FinishedRun(RunConfig config) {
    config.epochs = 2;
    recipe = recipe_of(config);
    result = train_run(recipe, network(config.net), data.dataset, {folder},
                       [this](const EpochReport& e) {
                         if (e.finished) epochs.push_back(e);
                       });
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_writes_its_result_metrics_and_latents) {
  RunConfig config = small_run("slvt");
  config.validation = 30;
  const FinishedRun run(config);
  const auto json = nlohmann::json::parse(read_file(run.folder / "result.json"));
  for (const char* key : {"net",
                          "data",
                          "strategy",
                          "map",
                          "modulation",
                          "activation",
                          "latents",
                          "trainable_params",
                          "target_params",
                          "seed",
                          "epochs",
                          "train_accuracy",
                          "test_accuracy",
                          "loss",
                          "seconds",
                          "seconds_per_epoch",
                          "arena_bytes",
                          "arena_lower_bound_bytes",
                          "peak_rss_bytes",
                          "device",
                          "version",
                          "validation_accuracy"})
    BOOST_TEST(json.contains(key), key);
  BOOST_TEST(json["trainable_params"] == 256);
  BOOST_TEST(json["target_params"] == 108618);
  BOOST_TEST(json["test_accuracy"] == run.result.test.accuracy);
  BOOST_TEST(json["train_samples"] == 200);  // those set aside too
  BOOST_TEST(json["test_samples"] == 40);
  BOOST_TEST(json["arena_bytes"].get<double>() >= json["arena_lower_bound_bytes"].get<double>());

  std::istringstream lines(read_file(run.folder / "metrics.jsonl"));
  std::string line;
  int epoch = 0;
  while (std::getline(lines, line)) {
    const auto entry = nlohmann::json::parse(line);
    BOOST_TEST(entry["epoch"] == ++epoch);
    BOOST_TEST(entry.contains("validation_accuracy"));
  }
  BOOST_TEST(epoch == 2);
  BOOST_TEST(run.epochs.size() == 2u);
}

// Behind the result its checkpoints are gone, which had the lines too.
BOOST_AUTO_TEST_CASE(a_finished_runs_metrics_are_whole_whatever_became_of_the_file) {
  const ToyData data(200, 40);
  RunConfig config = small_run("slvt");
  config.epochs = 2;
  const std::filesystem::path folder = data.folder() / "run";
  train_run(recipe_of(config), network("cnn2"), data.dataset, {folder},
            [&](const EpochReport&) { std::filesystem::remove(folder / "metrics.jsonl"); });
  const std::string lines = read_file(folder / "metrics.jsonl");
  BOOST_TEST(std::ranges::count(lines, '\n') == 2);
}

BOOST_AUTO_TEST_CASE(a_finished_run_is_not_overwritten_by_accident) {
  const FinishedRun run(small_run("slvt"));
  const std::string before = read_file(run.folder / "result.json");
  check_fails([&] { train_run(run.recipe, network("cnn2"), run.data.dataset, {run.folder}); },
              {run.folder.string(), "--overwrite"});
  BOOST_TEST(read_file(run.folder / "result.json") == before);
  BOOST_CHECK_NO_THROW(
      train_run(run.recipe, network("cnn2"), run.data.dataset, {run.folder, true}));
}

BOOST_AUTO_TEST_CASE(the_latent_file_is_the_whole_model) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig config = small_run(strategy);
    if (config.strategy != "direct") config.modulation = "signed", config.base = "normal";
    const FinishedRun run(config);
    const Model model = open_model(run.folder);
    BOOST_TEST(model.file.train_samples == 200u);
    BOOST_TEST(model.file.test_samples == 40u);
    const Metrics test = evaluate_model(model, run.data.dataset, Split::test, here());
    BOOST_TEST(test.accuracy == run.result.test.accuracy);
    BOOST_TEST(test.loss == run.result.test.loss);
    const Metrics train = evaluate_model(model, run.data.dataset, Split::train, here());
    BOOST_TEST(train.loss == run.result.train.loss);
    const std::vector<float> theta = expand_theta(model, here());
    BOOST_TEST(theta.size() == 108618u);
#ifdef MAPNET_TEST_CPU  // the same bits on any device
    const DeviceChoice elsewhere = {"cpu", 1};
#else
    const DeviceChoice elsewhere = here();
#endif
    BOOST_TEST((theta == expand_theta(open_model(run.folder / "model.latent"), elsewhere)));
  }
}

// Buffers are made for the network's own samples: others would be written past their ends.
BOOST_AUTO_TEST_CASE(a_model_takes_only_data_of_its_task_and_shape) {
  const FinishedRun run(small_run("slvt"));
  const Model model = open_model(run.folder);
  const auto refuses = [&](const char* data, std::initializer_list<std::string> parts) {
    const Dataset other = open_dataset(data);
    check_fails<UsageError>([&] { evaluate_model(model, other, Split::test, here()); }, parts);
    check_fails<UsageError>([&] { evaluate_model_int8(model, other, Split::test, here()); }, parts);
    check_fails<UsageError>([&] { calibrate_model(model, other, here()); }, parts);
  };
  refuses("noise-1x28x28x10-pixels", {"cnn2 classifies", "noise-1x28x28x10-pixels", "segment"});
  refuses("noise-3x28x28x10", {"noise-3x28x28x10", "[3, 28, 28]", "[1, 28, 28]"});
  refuses("noise-1x28x28x9", {"of 9 classes", "of 10"});
}

BOOST_AUTO_TEST_CASE(samples_are_set_aside_of_the_training_data_alone) {
  RunConfig config = small_run("slvt");
  config.validation = 30;
  const FinishedRun run(config);
  const Model model = open_model(run.folder);
  BOOST_TEST(set_aside(model, run.data.dataset) == 30u);
  const ToyData few(20, 10);
  BOOST_TEST(set_aside(model, few.dataset) == 0u);
  BOOST_TEST(evaluate_model(model, few.dataset, Split::train, here()).samples == 20u);
  BOOST_TEST(evaluate_model(model, few.dataset, Split::test, here()).samples == 10u);
  BOOST_TEST(set_aside(model, open_dataset("noise-1x28x28x10")) == 0u);
}

BOOST_AUTO_TEST_CASE(damaged_latent_files_are_refused) {
  const FinishedRun run(small_run("slvt"));
  const std::string good = read_file(run.folder / "model.latent");
  const std::filesystem::path path = run.data.folder() / "damaged.latent";
  const auto refuses = [&](std::string bytes, std::initializer_list<std::string> parts) {
    write_file_atomic(path, bytes);
    check_fails([&] { open_model(path); }, parts);
  };
  const std::string name = path.string();
  refuses("", {name, "MAPNETLV"});
  refuses("GIF89a" + good, {name, "MAPNETLV"});
  refuses(good.substr(0, good.size() / 2), {name, "checksum"});
  refuses(good + "x", {name, "checksum"});
  std::string flipped = good;
  flipped[good.size() / 2] ^= 1;
  refuses(flipped, {name, "checksum"});
  std::string newer = good;
  newer[8] = 2;
  refuses(newer, {name, "version 2"});
  check_fails([&] { open_model(run.data.folder() / "absent"); },
              {"absent", "the folder a training wrote"});
}

BOOST_AUTO_TEST_CASE(exported_weights_are_theta_under_torch_names) {
  const FinishedRun run(small_run("lwt"));
  const Model model = open_model(run.folder);
  const std::vector<float> theta = expand_theta(model, here());
  std::vector<NamedTensor> tensors;
  for (const ParamTensor& p : model.net.params)
    tensors.push_back({p.name, p.shape, {theta.data() + p.offset, p.size}});
  const auto path = run.data.folder() / "theta.safetensors";
  write_safetensors(path, tensors, {{"format", "pt"}});

  const std::string bytes = read_file(path);
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), 8);
  BOOST_TEST(header_size % 8 == 0u);
  const auto header = nlohmann::json::parse(bytes.substr(8, header_size));
  BOOST_TEST(header["__metadata__"]["format"] == "pt");
  const auto& conv1 = header["conv1.weight"];
  BOOST_TEST(conv1["dtype"] == "F32");
  BOOST_TEST((conv1["shape"].get<std::vector<int>>() == std::vector<int>{16, 1, 3, 3}));
  const std::size_t from = header["fc2.bias"]["data_offsets"][0];
  const std::size_t to = header["fc2.bias"]["data_offsets"][1];
  BOOST_TEST(8 + header_size + to == bytes.size());
  BOOST_TEST(std::memcmp(bytes.data() + 8 + header_size + from, theta.data() + 108608, to - from) ==
             0);
  tensors[0].shape = {1, 2, 3};
  check_fails([&] { write_safetensors(path, tensors); }, {"conv1.weight"});
}

BOOST_AUTO_TEST_CASE(an_empty_folder_for_snapshots_is_in_no_runs_way) {
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  std::filesystem::create_directories(folder.snapshots());
  BOOST_CHECK_NO_THROW(folder.claim(false, false));
  BOOST_CHECK_NO_THROW(folder.claim(false, true));
  scratch.write("run/snapshots/thesis.docx", "mine");
  check_fails([&] { folder.claim(false, false); }, {"holds snapshots"});
}

namespace {

/// Root may write anywhere: as long as this lives it is nobody, where a user of that name is.
class AsNobody {
 public:
  AsNobody() : changed_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~AsNobody() {
    if (changed_) BOOST_CHECK(::seteuid(0) == 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  const bool changed_;
};

bool may(int access, const std::filesystem::path& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0;
}

}  // namespace

// Not by the first file, behind a map that was learned for hours.
BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_told_at_once) {
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  std::filesystem::create_directories(folder.path);
  using enum std::filesystem::perms;
  const auto allow = [](const std::filesystem::path& path, std::filesystem::perms perms) {
    std::filesystem::permissions(path, perms);
  };
  const auto readable =
      owner_read | owner_exec | group_read | group_exec | others_read | others_exec;
  const auto check = [&](const std::filesystem::path& path) {
    const AsNobody nobody;
    if (!may(R_OK | X_OK, folder.path) || may(W_OK, path)) {
      BOOST_TEST_MESSAGE("skipped: nobody cannot look into the folder, or whoever tests is root");
      return;
    }
    check_fails([&] { folder.claim(false, false); }, {path.string(), "cannot write there"});
  };
  allow(scratch.path, readable | owner_write);
  allow(folder.path, readable);
  check(folder.path);
  allow(folder.path, all);
  BOOST_CHECK_NO_THROW(folder.claim(false, false));
  scratch.write("run/unfinished", "");
  allow(scratch.write("run/metrics.jsonl", ""), owner_read | group_read | others_read);
  check(folder.metrics());
  allow(folder.metrics(), all);
  std::filesystem::create_directories(folder.snapshots());
  allow(folder.snapshots(), readable);
  check(folder.snapshots());
  allow(folder.snapshots(), all);
  BOOST_CHECK_NO_THROW(folder.claim(false, false));
}

BOOST_AUTO_TEST_CASE(one_process_trains_in_a_folder_at_a_time) {
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  {
    const FolderClaim held = folder.claim(false, false);
    check_fails<Error>([&] { folder.claim(true, false); },
                       {folder.path.string(), "another mapnet is training there"});
  }
  folder.claim(false, false);
}
