#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/json.hpp"
#include "train/recipe.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

const char* to_string(FastMath fast_math) {
  return fast_math == FastMath::tf32 ? "tf32" : fast_math == FastMath::bf16 ? "bf16" : "off";
}

FastMath fast_math_from_json(const nlohmann::json& json) {
  const auto text = json.get<std::string>();
  for (const FastMath fast_math : {FastMath::off, FastMath::tf32, FastMath::bf16})
    if (text == to_string(fast_math)) return fast_math;
  fail("fast_math: expected off, tf32 or bf16, found {}", text);
}

}  // namespace

nlohmann::json to_json(const Recipe& r) {
  const MappingConfig& m = r.mapping;
  nlohmann::json json = {{"net", r.net},
                         {"data", r.data},
                         {"strategy", to_string(m.strategy)},
                         {"epochs", r.epochs},
                         {"batch", r.batch},
                         {"lr", r.lr},
                         {"warmup", r.warmup},
                         {"seed", r.seed},
                         {"threads", r.threads},
                         {"validation", r.validation},
                         {"fast_math", to_string(r.fast_math)}};
  if (r.task == Task::forecast)
    json["series"] = {{"window", r.data_options.window},
                      {"multivariate", r.data_options.multivariate},
                      {"missing", r.data_options.missing}};
  if (r.regularisation.any()) json["regularisation"] = r.regularisation;
  if (r.add_ons.any()) json["add_ons"] = r.add_ons;
  if (r.pretrained.given()) json["pretrained"] = r.pretrained;
  if (r.init.given()) json["init"] = r.init;
  if (m.seed != r.seed) json["map_seed"] = m.seed;
  if (r.split_seed) json["split_seed"] = *r.split_seed;
  if (r.features.given()) json["features"] = r.features;
  if (r.footprint.any()) json["footprint"] = r.footprint;
  if (m.strategy == Strategy::direct) return json;
  json["latents"] = m.latents;
  json["latent_std"] = r.latent_std;
  add_variant(json, m);
  if (trains_map(m.variant)) return json;
  json["map"] = m.learned.on() ? to_string(m.learned.family) : to_string(m.map);
  if (m.learned.on()) json["learned_map"] = m.learned;
  json["modulation"] = to_string(m.modulation);
  json["alpha"] = m.alpha;
  json["activation"] = to_string(m.activation);
  json["omega"] = m.omega;
  json["base"] = m.random_base ? "normal" : "zero";
  if (r.loss.any()) json["mapping_loss"] = r.loss;
  if (r.refresh.on()) json["refresh"] = r.refresh;
  if (m.finetune.on()) json["finetune"] = m.finetune;
  return json;
}

Recipe recipe_from_json(const nlohmann::json& json) {
  try {
    Recipe r;
    MappingConfig& m = r.mapping;
    json.at("net").get_to(r.net);
    json.at("data").get_to(r.data);
    r.epochs = static_cast<int>(whole_number(json.at("epochs"), "epochs", 0, kMaxEpochs));
    r.batch = static_cast<int>(whole_number(json.at("batch"), "batch", 1, kMaxBatch));
    json.at("lr").get_to(r.lr);
    json.at("warmup").get_to(r.warmup);
    r.seed = seed_from_json(json.at("seed"));
    r.threads = static_cast<int>(whole_number(json.at("threads"), "threads", 1, kMaxThreads));
    r.validation = static_cast<std::size_t>(whole_number(json.at("validation"), "validation"));
    if (json.contains("fast_math")) r.fast_math = fast_math_from_json(json.at("fast_math"));
    m.strategy = parse_strategy(json.at("strategy").get<std::string>());
    m.seed = json.contains("map_seed") ? seed_from_json(json.at("map_seed")) : r.seed;
    if (json.contains("split_seed")) r.split_seed = seed_from_json(json.at("split_seed"));
    if (json.contains("series")) {
      r.task = Task::forecast;
      const auto& series = json.at("series");
      r.data_options.window =
          static_cast<int>(whole_number(series.at("window"), "window", 1, kMaxInputValues));
      series.at("multivariate").get_to(r.data_options.multivariate);
      series.at("missing").get_to(r.data_options.missing);
    }
    if (json.contains("regularisation")) json.at("regularisation").get_to(r.regularisation);
    if (json.contains("add_ons")) json.at("add_ons").get_to(r.add_ons);
    if (json.contains("pretrained")) json.at("pretrained").get_to(r.pretrained);
    if (json.contains("init")) json.at("init").get_to(r.init);
    if (json.contains("features")) json.at("features").get_to(r.features);
    if (json.contains("footprint")) json.at("footprint").get_to(r.footprint);
    if (m.strategy == Strategy::direct) return r;
    for (const nlohmann::json& latents : json.at("latents"))
      m.latents.push_back(
          static_cast<std::size_t>(whole_number(latents, "latents", 1, kMaxLatents)));
    if (m.latents.empty()) fail("latents: expected a number, found none");
    json.at("latent_std").get_to(r.latent_std);
    read_variant(json, m);
    if (trains_map(m.variant)) return r;
    const auto map = json.at("map").get<std::string>();
    if (is_learned_map(map)) {
      json.at("learned_map").get_to(m.learned);
      m.map = m.learned.family == MapFamily::kronecker ? MapKind::kronecker : MapKind::dense;
    } else {
      m.map = parse_map_kind(map);
    }
    m.modulation = parse_modulation(json.at("modulation").get<std::string>());
    json.at("alpha").get_to(m.alpha);
    m.activation = parse_activation(json.at("activation").get<std::string>());
    json.at("omega").get_to(m.omega);
    m.random_base = json.at("base").get<std::string>() == "normal";
    if (json.contains("mapping_loss")) json.at("mapping_loss").get_to(r.loss);
    if (json.contains("refresh")) json.at("refresh").get_to(r.refresh);
    if (json.contains("finetune")) json.at("finetune").get_to(m.finetune);
    m.finetune.fresh = r.pretrained.fresh;
    return r;
  } catch (const nlohmann::json::exception& e) {
    fail("recipe: {}", e.what());
  }
}

}  // namespace mapnet
