#include "harness/run_record.hpp"

#include <optional>

#include "common/error.hpp"
#include "common/file.hpp"
#include "data/sha256.hpp"
#include "device/device.hpp"
#include "harness/complaint.hpp"
#include "train/build_info.hpp"
#include "train/model.hpp"
#include "train/run_folder.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

using nlohmann::json;

constexpr const char* kNamingFiles[] = {"config", "features-weights", "init", "pretrained"};

fs::path record_of(const SeedRun& run) { return run.folder / "harness.json"; }

/// The SHA-256 of what a setting names: a file, or the model of a run; nothing where it cannot be
/// read. Many runs may name one file of gigabytes, which is read once while it stays as it is.
std::optional<std::string> contents_of(const std::string& name) {
  struct Known {
    std::uintmax_t bytes;
    fs::file_time_type written;
    std::string sha256;
  };
  static std::map<fs::path, Known> files;
  const fs::path file = latent_file_of(name);
  std::error_code no_size, no_time;
  const std::uintmax_t bytes = fs::file_size(file, no_size);
  const fs::file_time_type written = fs::last_write_time(file, no_time);
  if (no_size || no_time) return std::nullopt;
  const auto known = files.find(file);
  if (known != files.end() && known->second.bytes == bytes && known->second.written == written)
    return known->second.sha256;
  try {
    return (files[file] = {bytes, written, sha256_hex(file)}).sha256;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The weights of the run that it begins with, which are told by that run; empty: it has none.
fs::path exported_for(const SeedRun& run) {
  return run.source.empty() ? fs::path() : run.weights();
}

/// What of a run's words decides what comes of it. `exported`: the weights of the run that it
/// begins with, which are told by that run.
Settings deciding(const std::vector<std::string>& words, const fs::path& exported) {
  Settings settings = settings_among(words);
  settings.erase("threads");
  for (const char* key : kNamingFiles)
    if (const auto found = settings.find(key); found != settings.end())
      for (std::string& name : found->second)
        if (name != exported) name = contents_of(name).value_or(name);
  if (const auto found = settings.find("data-dir"); found != settings.end())
    for (std::string& folder : found->second) folder = absolute_path(folder).string();
  return settings;
}

/// Before anything is cleared for a run that could not begin.
void require_files(const SeedRun& run) {
  Settings settings = settings_among(run.words);
  for (const char* key : kNamingFiles)
    for (const std::string& name : settings[key])
      if (name != exported_for(run) && !contents_of(name))
        fail("{}: cannot be read; it is what --{} names. What the run has is left as it is", name,
             key);
}

/// Nor where a finished run would make room for one that mapnet refuses, or that fits no budget.
void require_plan(const SeedRun& run) {
  if (!RunFolder{run.folder}.finished()) return;
  const ProgramOutput plan = plan_of(run);
  if (plan.exit_code != 0)
    fail("{}. The run that is finished in {} is left as it is", complaint_of(plan, "mapnet plan"),
         run.folder.string());
}

bool may_use_gpu(const Settings& settings) {
  const auto device = settings.find("device");
  return device == settings.end() || device->second != std::vector<std::string>{"cpu"};
}

json record(const SeedRun& run) {
  const Settings settings = deciding(run.words, exported_for(run));
  json object = {{"settings", settings}, {"program", program_identity()}};
  // --device auto: what was run on a GPU is not what this machine would run without one.
  if (may_use_gpu(settings)) object["gpu"] = cuda_missing().empty();
  if (!run.source.empty()) object["source"] = deciding(run.source_words, {});
  return object;
}

/// What the folder has of that; null where it has no record.
json recorded(const SeedRun& run) {
  if (!fs::exists(record_of(run))) return nullptr;
  return json::parse(read_file(record_of(run)), nullptr, false);
}

/// Of another run its epochs go, too, which would count as this one's until the child begins the
/// file anew, and its weights, which would be taken for this one's.
void clear(const SeedRun& run) {
  const RunFolder folder{run.folder};
  folder.clear();
  fs::remove(folder.metrics());
  fs::remove(run.exported());
  if (folder.finished()) fail("{}: cannot be removed", folder.result().string());
}

/// Empty where it cannot be read.
std::string result_of(const SeedRun& run) try {
  return sha256_hex(RunFolder{run.folder}.result());
} catch (const Error&) {
  return {};
}

/// What was recorded of it; empty: nothing.
std::string recorded_result(const SeedRun& run) {
  const json record = recorded(run);
  const auto found = record.find("result");
  return found != record.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

ProgramOutput plan_of(const SeedRun& run) {
  Settings settings = settings_among(run.words);
  // Nothing is planned by when a run is saved, nor by what is required of it.
  for (const char* key :
       {"checkpoint-every", "quiet", "require-accuracy", "require-mse", "snapshot-every"})
    settings.erase(key);
  std::vector<std::string> words = {kThisProgram, "plan", "--json"};
  const std::vector<std::string> flags = words_of(settings);
  words.insert(words.end(), flags.begin(), flags.end());
  return run_program(words);
}

bool is_same_run(const SeedRun& run) {
  json found = recorded(run);
  if (!found.is_object()) return false;
  found.erase("words");
  found.erase("result");
  return found == record(run);
}

RunState state_of(const SeedRun& run) {
  if (!RunFolder{run.folder}.finished() || !is_same_run(run)) return RunState::unfinished;
  const std::string result = recorded_result(run);
  if (result.empty()) return RunState::unrecorded;
  return result == result_of(run) ? RunState::done : RunState::replaced;
}

void record_result(const SeedRun& run) {
  const std::optional<FolderClaim> claim = FolderClaim::now(run.folder);
  if (!claim || state_of(run) == RunState::unfinished) return;
  json object = recorded(run);
  object["result"] = result_of(run);
  write_file_atomic(record_of(run), object.dump(2) + "\n");
}

std::vector<std::string> recorded_words(const SeedRun& run) {
  return recorded(run).value("words", run.words);
}

FolderState prepare_folder(const SeedRun& run) {
  fs::create_directories(run.folder);
  const std::optional<FolderClaim> claim = FolderClaim::now(run.folder);
  if (!claim) return FolderState::taken;
  // A model whose result somebody removed is of a run that is over: nothing goes on from it.
  if (is_same_run(run) && !run.damaged && !RunFolder{run.folder}.stranger())
    return FolderState::goes_on;
  require_files(run);
  require_plan(run);
  clear(run);  // before the record says otherwise: the child may never come to it
  json object = record(run);
  object["words"] = run.words;
  write_file_atomic(record_of(run), object.dump(2) + "\n");
  return FolderState::begins;
}

}  // namespace mapnet
