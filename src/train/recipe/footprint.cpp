#include "train/recipe/footprint.hpp"

#include <nlohmann/json.hpp>

#include "common/json.hpp"
#include "data/manifest.hpp"
#include "mapping/names.hpp"
#include "train/recipe.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

void refuse_map_storage(MapStorage storage, const Recipe& r) {
  if (storage == MapStorage::memory) return;
  const MappingConfig& m = r.mapping;
  refuse(m.strategy == Strategy::direct || trains_map(m.variant) || !is_stored(m.map),
         "--map-storage", "is of fixed dense maps: of --map dense and dense-bf16");
  refuse(storage == MapStorage::regenerated && m.learned.on(), "--map-storage",
         "regenerated draws W from the seed; that of a learned map is nowhere else: streamed");
  refuse(storage == MapStorage::regenerated && m.map == MapKind::dense_bf16, "--map-storage",
         "regenerated has float32 rows; --map dense-bf16 rounds rows that are stored");
  refuse(!storage_is_open(r), "--map-storage",
         "keeps W out of memory; the terms smooth and align of --loss are worked out from it");
}

}  // namespace

Footprint resolve(const FootprintConfig& c, const Recipe& r) {
  Footprint f;
  const int micro = c.micro_batch.value_or(r.batch);
  require(micro >= 1 && micro <= r.batch, "--micro-batch", micro, "1 to what --batch says");
  if (micro < r.batch) f.micro_batch = micro;
  refuse(f.micro_batch > 0 && r.loss.stability.on, "--micro-batch",
         "cuts batches up; the term stab of --loss compares samples of a whole one");
  const std::string recompute = c.recompute.value_or("auto"), samples = c.samples.value_or("auto");
  if (recompute != "auto") f.recompute = parse_recompute(recompute);
  require(samples == "memory" || samples == "file" || samples == "auto", "--samples", samples,
          "memory, file or auto");
  f.samples_in_file = samples == "file";
  refuse(f.samples_in_file && !samples_are_open(r), "--samples",
         "file is for images; a series and features of videos stay in memory");
  const std::string storage = c.map_storage.value_or("auto");
  if (storage != "auto") f.map_storage = parse_map_storage(storage);
  refuse_map_storage(f.map_storage, r);
  return f;
}

bool is_open(const std::optional<std::string>& flag) { return flag.value_or("auto") == "auto"; }

void fix_open(FootprintConfig& c, const Footprint& kept, const Recipe& r) {
  if (!c.micro_batch) c.micro_batch = kept.micro_batch > 0 ? kept.micro_batch : r.batch;
  if (is_open(c.recompute)) c.recompute = to_string(kept.recompute);
  if (is_open(c.samples)) c.samples = kept.samples_in_file ? "file" : "memory";
  if (is_open(c.map_storage) && storage_is_open(r)) c.map_storage = to_string(kept.map_storage);
}

bool samples_are_open(const Recipe& r) { return r.task != Task::forecast && !holds_videos(r.data); }

bool storage_is_open(const Recipe& r) {
  const MappingConfig& m = r.mapping;
  return m.strategy != Strategy::direct && !trains_map(m.variant) && is_stored(m.map) &&
         !r.loss.smoothness.on && !r.loss.alignment.on;
}

std::string flags_of(const Footprint& f) {
  std::string flags;
  const auto add = [&](const std::string& flag) { flags += (flags.empty() ? "" : " ") + flag; };
  if (f.micro_batch > 0) add("--micro-batch " + std::to_string(f.micro_batch));
  if (f.recompute.on()) add("--recompute " + to_string(f.recompute));
  if (f.samples_in_file) add("--samples file");
  if (f.map_storage != MapStorage::memory) add("--map-storage " + to_string(f.map_storage));
  return flags;
}

void to_json(nlohmann::json& json, const Footprint& f) {
  json = nlohmann::json::object();
  if (f.micro_batch > 0) json["micro_batch"] = f.micro_batch;
  if (f.recompute.on()) json["recompute"] = to_string(f.recompute);
  if (f.samples_in_file) json["samples"] = "file";
  if (f.map_storage != MapStorage::memory) json["map_storage"] = to_string(f.map_storage);
}

void from_json(const nlohmann::json& json, Footprint& f) {
  if (json.contains("micro_batch"))
    f.micro_batch =
        static_cast<int>(whole_number(json.at("micro_batch"), "micro_batch", 1, kMaxBatch));
  if (json.contains("recompute"))
    f.recompute = parse_recompute(json.at("recompute").get<std::string>());
  f.samples_in_file = json.value("samples", "memory") == "file";
  if (json.contains("map_storage"))
    f.map_storage = parse_map_storage(json.at("map_storage").get<std::string>());
}

}  // namespace mapnet
