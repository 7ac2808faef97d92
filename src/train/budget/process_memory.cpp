#include "train/budget/process_memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "data/each.hpp"
#include "data/manifest.hpp"
#include "device/device.hpp"
#include "train/decode_ahead.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kKiB = 1024, kMiB = 1024 * kKiB;

// The libraries' own: OpenBLAS's and oneDNN's buffers and tables, and the run's books.
constexpr std::size_t kLibraries = 5 * kMiB, kThread = kMiB / 2;
// A step's closure, its primitive and the code that is generated for it.
constexpr std::size_t kStep = 24 * kKiB;
// What OpenBLAS packs of a square of d for the products that make a dense map: rows of it, a
// thread.
constexpr std::size_t kPackedRows = 512;
// A picture on its way, where its files are not there to be asked.
constexpr std::size_t kPicture = 8 * kMiB;

bool decodes_pictures(const Dataset& d) { return d.task == Task::segment && !parse_noise(d.name); }

std::size_t bytes_of(const Schedule& schedule, BufferId buffer) {
  return buffer == kNoBuffer ? 0 : schedule.buffer_bytes(buffer);
}

/// What a checkpoint, or a model that stores its weights themselves, is written from.
std::size_t saved_bytes(const RunSchedule& run, const Recipe& recipe) {
  std::size_t bytes = 0;
  for (const BufferId buffer : {run.value, run.adam_m, run.adam_v, run.average, run.state,
                                run.state_average, run.history, run.map_base, run.pruned})
    bytes += bytes_of(run.schedule, buffer);
  const bool theta = recipe.refresh.on() || recipe.add_ons.any();
  if (recipe.mapping.learned.on()) bytes += run.n_theta * sizeof(float);  // beside the latents
  return std::max(bytes, theta ? 3 * run.n_theta * sizeof(float) : 0);
}

std::optional<std::size_t> available_of_machine(const std::filesystem::path& proc) {
  std::ifstream info(proc / "meminfo");
  std::string key;
  for (std::size_t kib = 0; info >> key; info.ignore(1000, '\n'))
    if (key == "MemAvailable:" && info >> kib) return kib * kKiB;
  return std::nullopt;
}

void take_least(std::optional<std::size_t>& least, std::optional<std::size_t> bytes) {
  if (bytes && (!least || *bytes < *least)) least = bytes;
}

/// The least that `file` says of the group and of those above it; nothing where all say "max", or
/// are not there: within a container the path may be the host's.
std::optional<std::size_t> limit_of_group(const std::filesystem::path& root,
                                          const std::filesystem::path& group, const char* file) {
  std::optional<std::size_t> least;
  for (std::filesystem::path at = group.relative_path();; at = at.parent_path()) {
    std::ifstream in(root / at / file);
    if (std::size_t bytes = 0; in >> bytes) take_least(least, bytes);
    if (at.empty()) return least;
  }
}

}  // namespace

std::size_t decoding_bytes(const Recipe& recipe, const Dataset& dataset) {
  if (recipe.device == DeviceKind::cuda || !decodes_pictures(dataset)) return 0;
  std::size_t most = 0;
  for (const DatasetSplit* split : {&dataset.train, &dataset.test})
    if (const auto* pictures = std::get_if<SegmentationSplit>(&split->files))
      most = std::max(most, most_reading_bytes(*pictures));
  const std::size_t picture = most > 0 ? most + kMiB : kPicture;  // and what malloc keeps
  return picture * static_cast<std::size_t>(decoding_threads());
}

std::size_t bytes_beside_arena(const RunSchedule& run, const Recipe& recipe, const Dataset& dataset,
                               std::size_t decoding) {
  // cuBLAS's and cuDNN's handles and kernels, the context and its stacks.
  if (recipe.device == DeviceKind::cuda) return 512 * kMiB;
  std::size_t bytes = kLibraries + kThread * static_cast<std::size_t>(recipe.threads) +
                      kStep * run.schedule.steps().size();
  bytes += saved_bytes(run, recipe);
  if (is_stored(recipe.mapping.map) && !recipe.mapping.latents.empty())
    bytes += static_cast<std::size_t>(recipe.threads) * kPackedRows * sizeof(float) *
             std::ranges::max(recipe.mapping.latents);
  bytes += (dataset.train.count + dataset.test.count) * (sizeof(std::uint32_t) + 1);  // the order
  if (decodes_pictures(dataset))
    bytes +=
        DecodeAhead::samples_ahead() * (run.samples.sample_bytes + labels_per_sample(dataset)) +
        decoding;
  if (dataset.floats) bytes += 2 * bytes_of(run.schedule, run.samples.values);  // as it is read
  return bytes;
}

std::optional<ProcessMemory> measure_process_memory() {
  std::ifstream status("/proc/self/status");
  ProcessMemory memory;
  std::string key;
  for (std::size_t kib = 0; status >> key; status.ignore(1000, '\n')) {
    if (key == "VmHWM:" && status >> kib) memory.peak_bytes = kib * kKiB;
    if (key == "VmData:" && status >> kib) memory.data_bytes = kib * kKiB;
    if (key == "RssFile:" && status >> kib) memory.image_bytes = kib * kKiB;
  }
  if (memory.peak_bytes == 0) return std::nullopt;
  return memory;
}

std::optional<std::size_t> available_memory(const std::filesystem::path& proc,
                                            const std::filesystem::path& cgroups) {
  std::optional<std::size_t> least = available_of_machine(proc);
  std::ifstream groups(proc / "self" / "cgroup");
  // "0::/user.slice/run.scope" of version 2, "9:memory:/user.slice" of version 1.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") take_least(least, limit_of_group(cgroups, group, "memory.max"));
    if (controllers.find(",memory,") != std::string::npos)
      take_least(least, limit_of_group(cgroups / "memory", group, "memory.limit_in_bytes"));
  }
  return least;
}

void return_free_memory() {
  forget_built_steps();
  ::malloc_trim(0);
}

}  // namespace mapnet
