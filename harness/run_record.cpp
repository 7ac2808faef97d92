#include "harness/run_record.hpp"

#include "common/file.hpp"
#include "device/device.hpp"
#include "train/build_info.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

fs::path record_of(const SeedRun& run) { return run.folder / "harness.json"; }

nlohmann::json record(const SeedRun& run) {
  // --device auto: what was run on a GPU is not what this machine would run without one.
  nlohmann::json object = {
      {"words", run.words}, {"program", program_identity()}, {"gpu", cuda_missing().empty()}};
  if (!run.source.empty()) object["source_words"] = run.source_words;
  return object;
}

}  // namespace

bool is_same_run(const SeedRun& run) {
  if (!fs::exists(record_of(run))) return false;
  const auto found = nlohmann::json::parse(read_file(record_of(run)), nullptr, false);
  return found == record(run);
}

bool is_done(const SeedRun& run) {
  return is_same_run(run) && fs::exists(run.folder / "result.json");
}

void write_record(const SeedRun& run) {
  write_file_atomic(record_of(run), record(run).dump(2) + "\n");
}

}  // namespace mapnet
