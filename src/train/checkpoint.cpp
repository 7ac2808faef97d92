#include "train/checkpoint.hpp"

#include <fmt/core.h>

#include "common/error.hpp"
#include "common/file.hpp"
#include "common/json.hpp"
#include "train/framed_file.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

constexpr FrameFormat kFormat = {"MAPNETCK", 1, "checkpoint"};

/// 0 where the description has none.
std::uint32_t checksum_in(const nlohmann::json& description, const char* key) {
  return description.contains(key)
             ? static_cast<std::uint32_t>(whole_number(description.at(key), key, 0, 0xffffffff))
             : 0;
}

}  // namespace

std::string position_text(const Checkpoint& c) {
  return fmt::format("epoch {}, step {}", c.state.epoch + 1, c.state.step);
}

void write_checkpoint(const RunFolder& folder, const Checkpoint& c) {
  nlohmann::json description = {
      {"recipe", c.recipe},       {"device", c.device},   {"ranks", c.ranks},
      {"epoch", c.state.epoch},   {"step", c.state.step}, {"refreshes", c.state.refreshes},
      {"pruned", c.state.pruned}, {"seconds", c.seconds}, {"epoch_seconds", c.epoch_seconds},
      {"metrics", c.metrics}};
  if (c.state.map_checksum != 0) description["map_checksum"] = c.state.map_checksum;
  if (c.state.map_seconds > 0) description["map_seconds"] = c.state.map_seconds;
  if (c.snapshot_every > 0) description["snapshot_every"] = c.snapshot_every;
  if (!c.state.pixels.mean.empty()) add_pixels(description, c.state.pixels);
  if (c.state.series_checksum != 0) description["series_checksum"] = c.state.series_checksum;
  if (c.state.labels_checksum != 0) description["labels_checksum"] = c.state.labels_checksum;
  if (!c.program.empty()) description["program"] = c.program;
  std::vector<std::string_view> payload;
  for (const CarriedBuffer& buffer : c.state.buffers) {
    description["buffers"].push_back({buffer.name, buffer.bytes.size()});
    payload.push_back(buffer.bytes);
  }
  write_framed_file(folder.checkpoint(), kFormat, description, payload,
                    folder.previous_checkpoint());
}

Checkpoint parse_checkpoint(std::string whole, const fs::path& path) {
  const FramedFile file = parse_framed_file(std::move(whole), path.string(), kFormat);
  try {
    const nlohmann::json& d = file.description;
    Checkpoint c;
    c.recipe = d.at("recipe");
    d.at("device").get_to(c.device);
    d.at("ranks").get_to(c.ranks);
    c.state.epoch = whole_number(d.at("epoch"), "epoch", 0, kMaxEpochs);
    c.state.step = whole_number(d.at("step"), "step");
    c.state.refreshes = static_cast<std::size_t>(whole_number(d.at("refreshes"), "refreshes"));
    d.at("pruned").get_to(c.state.pruned);
    d.at("seconds").get_to(c.seconds);
    d.at("epoch_seconds").get_to(c.epoch_seconds);
    d.at("metrics").get_to(c.metrics);
    c.state.map_checksum = checksum_in(d, "map_checksum");
    c.state.series_checksum = checksum_in(d, "series_checksum");
    c.state.labels_checksum = checksum_in(d, "labels_checksum");
    if (d.contains("map_seconds")) d["map_seconds"].get_to(c.state.map_seconds);
    if (d.contains("program")) d["program"].get_to(c.program);
    if (d.contains("snapshot_every"))
      c.snapshot_every = whole_number(d["snapshot_every"], "snapshot_every", 1);
    if (d.contains("pixel_mean")) c.state.pixels = pixels_from_json(d);
    std::string_view payload = file.payload();
    for (const nlohmann::json& buffer : d.at("buffers")) {
      const auto bytes = static_cast<std::size_t>(whole_number(buffer.at(1), "bytes of a buffer"));
      if (bytes > payload.size())
        fail("{} bytes of {} expected, {} found", bytes, buffer.at(0).get<std::string>(),
             payload.size());
      c.state.buffers.push_back({buffer.at(0), std::string(payload.substr(0, bytes))});
      payload.remove_prefix(bytes);
    }
    if (!payload.empty()) fail("{} bytes more than its description says", payload.size());
    return c;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: description: {}", path.string(), e.what());
  } catch (const Error& e) {
    fail("{}: {}", path.string(), e.what());
  }
}

Checkpoint read_checkpoint(const fs::path& path) { return parse_checkpoint(read_file(path), path); }

std::optional<FoundCheckpoint> find_checkpoint(const RunFolder& folder) {
  std::string problem;
  for (const fs::path& path : {folder.checkpoint(), folder.previous_checkpoint()}) {
    if (!fs::exists(path)) continue;
    try {
      return FoundCheckpoint{read_checkpoint(path), problem, path};
    } catch (const Error& e) {
      problem += (problem.empty() ? "" : "; ") + std::string(e.what());
    }
  }
  if (!problem.empty())
    fail("{}: no checkpoint to resume from ({}); --overwrite begins anew", folder.path.string(),
         problem);
  return std::nullopt;
}

}  // namespace mapnet
