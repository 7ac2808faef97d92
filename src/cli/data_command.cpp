#include "cli/data_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/run_data.hpp"
#include "common/error.hpp"
#include "data/dataset.hpp"
#include "data/fetch.hpp"
#include "data/manifest.hpp"
#include "data/noise.hpp"
#include "data/sha256.hpp"
#include "data/store.hpp"
#include "data/videos.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// "present in FOLDER", or how much is missing and what to do then. Looks, does not hash.
std::string state_of(const DatasetManifest& manifest) {
  const std::size_t files = manifest.files.size();
  const std::string own = fmt::format("mapnet data check {} --data-dir DIR", manifest.name);
  if (files == 0) return "in a folder of yours: " + own;
  std::size_t present = 0;
  fs::path store;
  for (const ManifestFile& file : manifest.files) {
    if (const auto object = find_object(file.sha256)) {
      ++present;
      store = object->parent_path().parent_path();
    }
  }
  if (present == files) return "present in " + store.string();
  return fmt::format("{}: {}",
                     present == 0 ? "absent" : fmt::format("{} of {} files", present, files),
                     manifest.fetchable ? "mapnet data fetch " + manifest.name : own);
}

std::string shape_of(const Dataset& d) {
  return fmt::format("{} x {} x {}", d.channels, d.height, d.width);
}

void list_datasets() {
  fmt::print("{:<15} {:>13} {:>7} {:>7} {:>8}  state\n", "name", "C x H x W", "train", "test",
             "classes");
  const auto print = [](const DatasetManifest& m, const std::string& shape, std::size_t train,
                        std::size_t test) {
    fmt::print("{:<15} {:>13} {:>7} {:>7} {:>8}  {}\n", m.name, shape, train, test,
               m.class_names.size(), state_of(m));
  };
  for (const DatasetManifest& m : dataset_manifests()) {
    if (holds_videos(m.format)) {
      print(m, "videos", m.train_count, m.test_count);
    } else {
      const Dataset d = describe_dataset(m.name);
      print(m, shape_of(d), d.train.count, d.test.count);
    }
  }
  fmt::print("{:<15} {:>13} {:>7} {:>7} {:>8}  made up: {}\n", "noise", "as named",
             kNoiseTrainSamples, kNoiseTestSamples, "as named", kNoiseForm);
}

/// Prints one file's place and hashes; what is wrong with it, or nothing.
std::string check_file(const DatasetManifest& manifest, const ManifestFile& file) {
  fmt::print("{}/{}\n", manifest.name, file.name);
  const auto object = find_object(file.sha256);
  if (!object) {
    fmt::print("  absent\n");
    return file.name + " is absent";
  }
  const std::string hash = sha256_hex(*object);
  const bool intact = hash == file.sha256;
  fmt::print("  at        {}\n", object->string());
  fmt::print("  expected  {}\n", file.sha256);
  fmt::print("  found     {}  {}\n", hash, intact ? "ok" : "DIFFERS");
  return intact ? "" : fmt::format("{} is damaged, {}", file.name, object->string());
}

/// Every file's hash against the manifest.
void check_objects(const DatasetManifest& manifest) {
  std::string wrong;
  for (const ManifestFile& file : manifest.files)
    if (const std::string problem = check_file(manifest, file); !problem.empty())
      wrong += (wrong.empty() ? "" : "; ") + problem;
  if (wrong.empty()) return;
  const bool damaged = wrong.find("is damaged") != std::string::npos;
  fail("{}: {}. {}{}", manifest.name, wrong, damaged ? "Delete what is damaged. " : "",
       how_to_get(manifest));
}

/// Reads every label: one that training would refuse is an error that names its file.
void check_labels(const Dataset& d) {
  for (const DatasetSplit* split : {&d.train, &d.test}) {
    std::vector<std::uint8_t> labels(split->count * labels_per_sample(d));
    read_labels(d, *split, labels);
  }
  fmt::print("labels      of {} classes  ok\n", d.classes);
}

/// Reads the series as training does by default, then with all its columns: a table may have PM2.5
/// and lack of the weather what --multivariate asks for (`weather`: whether that is asked).
void check_series(const DatasetOptions& options, const Dataset& d, bool weather) {
  const Series s = read_series(d);
  fmt::print("series      {} rows, {} without a value, scaled from {:g} ... {:g}  ok\n", s.rows,
             s.missing, s.target_min, s.target_max);
  fmt::print("persistence MSE {:.6f} on the training samples, {:.6f} on the test samples\n",
             s.persistence_mse_train, s.persistence_mse_test);
  if (!weather) return;
  DatasetOptions all = options;
  all.multivariate = true;
  try {
    fmt::print("weather     {} columns with --multivariate  ok\n",
               read_series(open_dataset(d.name, all)).features);
  } catch (const Error& e) {
    fmt::print("weather     REFUSED with --multivariate\n");
    fail("{}; without --multivariate it can be trained on", e.what());
  }
}

/// Opens the dataset, which checks what lies where, and prints what it holds.
void check_structure(const DatasetOptions& options, const std::string& name, bool labels) {
  const Dataset d = open_dataset(name, options), published = describe_dataset(name);
  const bool whole = d.train.count == published.train.count && d.test.count == published.test.count;
  fmt::print("structure   {} samples to train on, {} to test, {}  {}\n", d.train.count,
             d.test.count, shape_of(d), whole ? "ok" : "DIFFERS");
  if (labels && d.task != Task::forecast) check_labels(d);
  if (d.task == Task::forecast) check_series(options, d, labels);
  if (!whole) {
    fail(
        "{}: expected {} samples to train on and {} to test as published, found {} and {}. "
        "Data of your own is not wrong for that: `mapnet train` takes any number",
        name, published.train.count, published.test.count, d.train.count, d.test.count);
  }
}

void check_videos(const DatasetManifest& manifest, const fs::path& folder) {
  const VideoSet videos = open_videos(manifest.name, folder);
  const std::size_t published = manifest.train_count + manifest.test_count;
  const std::size_t found = videos.train.size() + videos.test.size() + videos.dropped;
  fmt::print("structure   {}\n", describe(videos));
  if (found != published)
    fail("{}: expected {} videos as published, found {}", manifest.name, published, found);
  if (videos.official && videos.test.size() != manifest.test_count) {
    fail("{}: expected {} videos in the official list of tested ones, found {}", manifest.name,
         manifest.test_count, videos.test.size());
  }
}

void check_dataset(const std::string& name, const fs::path& folder, bool labels) {
  if (parse_noise(name)) return check_structure({.folder = folder}, name, false);
  const DatasetManifest& manifest = dataset_manifest(name);
  if (folder.empty() && manifest.files.empty()) {
    fail("{}", folder_wanted(manifest));
  }
  if (holds_videos(manifest.format)) return check_videos(manifest, folder);
  if (folder.empty()) check_objects(manifest);
  check_structure({.folder = folder}, name, labels);
}

struct FeaturesOptions {
  std::string name, folder, weights, net = "resnet50", cache, device = "auto";
  int frames = 32, batch = 16, threads = 0;
};

void extract(const FeaturesOptions& o) {
  dataset_manifest(o.name);  // unknown: says what there is
  if (!holds_videos(o.name)) fail<UsageError>("{}: holds no videos", o.name);
  const FeatureSource source = resolve_features({o.weights, o.net, o.frames}, o.name);
  Recipe recipe;
  recipe.device = resolve_device(o.device);
  recipe.threads = resolve_threads(o.threads);
  FeatureExtractionOptions extraction;
  extraction.cache = o.cache.empty() ? default_feature_cache() : fs::path(o.cache);
  extraction.batch = o.batch;
  extraction.device = [&] { return open_device(recipe); };
  const Dataset d = open_run_data(o.name, {.folder = o.folder}, source, extraction);
  fmt::print("{}: {} videos to train on, {} to test, {} values each, in {}\n", d.name,
             d.train.count, d.test.count, d.height * d.width, extraction.cache.string());
}

void add_features_command(CLI::App& data) {
  const auto o = std::make_shared<FeaturesOptions>();
  CLI::App* command =
      data.add_subcommand("features", "Extract the features of videos that are not cached yet");
  command->add_option("NAME", o->name, "Name of the dataset")->required();
  command->add_option("--data-dir", o->folder, "folder of the videos")->required();
  command->add_option("--weights", o->weights, "safetensors file of the network")->required();
  command->add_option("--net", o->net, "resnet50, resnet18")->capture_default_str();
  command->add_option("--frames", o->frames, "of a video, evenly spaced; 0: all")
      ->capture_default_str();
  command->add_option("--batch", o->batch, "frames that go through the network at a time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--out", o->cache, "folder of the features  [the user's cache folder]");
  command->add_option("--device", o->device, "auto, cpu, cuda")->capture_default_str();
  command->add_option("--threads", o->threads, "of a CPU; 0: all cores it may use")
      ->capture_default_str();
  command->callback([o] { extract(*o); });
}

}  // namespace

void add_data_command(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "List, fetch and check datasets");
  data->require_subcommand(1);

  data->add_subcommand("list", "Every dataset: shape, sizes, and where it is")
      ->callback(list_datasets);

  // The options' values outlive this function: CLI11 writes them while parsing.
  const auto name = std::make_shared<std::string>();
  const auto folder = std::make_shared<std::string>();
  const auto named = [&](const char* command, const char* what) {
    CLI::App* sub = data->add_subcommand(command, what);
    sub->add_option("NAME", *name, "Name of the dataset")->required();
    return sub;
  };
  named("fetch", "Bring a dataset into the object cache")->callback([name] {
    if (parse_noise(*name)) fail<UsageError>("{}: has no files to fetch", *name);
    fetch_dataset(*name);
  });
  CLI::App* check = named("check", "Hash every file of a dataset and read its structure");
  check->add_option("--data-dir", *folder, "folder of the raw files, instead of object stores");
  const auto counts_only = std::make_shared<bool>(false);
  check->add_flag("--counts-only", *counts_only,
                  "do not read every label: those of pictures take a while");
  check->callback([=] { check_dataset(*name, *folder, !*counts_only); });
  add_features_command(*data);
}

}  // namespace mapnet
