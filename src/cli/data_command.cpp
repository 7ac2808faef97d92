#include "cli/data_command.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/error.hpp"
#include "data/dataset.hpp"
#include "data/fetch.hpp"
#include "data/manifest.hpp"
#include "data/sha256.hpp"
#include "data/store.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// "present in FOLDER", or how much is missing and how to get it. Looks, does not hash.
std::string state_of(const DatasetManifest& manifest) {
  std::size_t present = 0;
  fs::path store;
  for (const ManifestFile* file : manifest.files()) {
    if (const auto object = find_object(file->sha256)) {
      ++present;
      store = object->parent_path().parent_path();
    }
  }
  const std::size_t files = manifest.files().size();
  if (present == files) return "present in " + store.string();
  return fmt::format("{}: mapnet data fetch {}",
                     present == 0 ? "absent" : fmt::format("{} of {} files", present, files),
                     manifest.name);
}

void list_datasets() {
  fmt::print("{:<15} {:>8} {:>7} {:>7} {:>8}  state\n", "name", "C x H x W", "train", "test",
             "classes");
  for (const DatasetManifest& m : dataset_manifests()) {
    const std::string shape = fmt::format("{} x {} x {}", m.channels, m.height, m.width);
    fmt::print("{:<15} {:>8} {:>7} {:>7} {:>8}  {}\n", m.name, shape, m.train.count, m.test.count,
               m.class_names.size(), state_of(m));
  }
}

/// Prints one file's place and hashes; its path where it is intact.
std::optional<fs::path> check_file(const DatasetManifest& manifest, const ManifestFile& file) {
  fmt::print("{}/{}\n", manifest.name, file.name);
  const auto object = find_object(file.sha256);
  if (!object) {
    fmt::print("  absent\n");
    return std::nullopt;
  }
  const std::string hash = sha256_hex(*object);
  const bool intact = hash == file.sha256;
  fmt::print("  at        {}\n", object->string());
  fmt::print("  expected  {}\n", file.sha256);
  fmt::print("  found     {}  {}\n", hash, intact ? "ok" : "DIFFERS");
  return intact ? object : std::nullopt;
}

/// Prints everything about one split; the number of things wrong with it.
int check_split(const DatasetManifest& manifest, const ManifestSplit& split) {
  const auto images = check_file(manifest, split.images);
  const auto labels = check_file(manifest, split.labels);
  if (!images || !labels) return !images + !labels;
  try {
    const ImageSplit found = open_image_split(manifest, *images, *labels);
    fmt::print("  structure {} images of {} x {}, as many labels  ok\n", found.count,
               manifest.height, manifest.width);
    return 0;
  } catch (const Error& error) {
    fmt::print("  structure {}\n", error.what());
    return 1;
  }
}

void check_dataset(const std::string& name) {
  const DatasetManifest& manifest = dataset_manifest(name);
  const int wrong = check_split(manifest, manifest.train) + check_split(manifest, manifest.test);
  if (wrong == 0) return;
  fail("{}: {} problem{} found, see above; `mapnet data fetch {}` brings what is absent", name,
       wrong, wrong == 1 ? "" : "s", name);
}

}  // namespace

void add_data_command(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "List, fetch and check datasets");
  data->require_subcommand(1);

  data->add_subcommand("list", "Every dataset: shape, sizes, and where it is")
      ->callback(list_datasets);

  // The option's value outlives this function: CLI11 writes it while parsing.
  const auto named = [data](const char* command, const char* what, auto run) {
    const auto name = std::make_shared<std::string>();
    CLI::App* sub = data->add_subcommand(command, what);
    sub->add_option("NAME", *name, "Name of the dataset")->required();
    sub->callback([name, run] { run(*name); });
  };
  named("fetch", "Bring a dataset into the object cache", fetch_dataset);
  named("check", "Hash every file of a dataset and read its headers", check_dataset);
}

}  // namespace mapnet
