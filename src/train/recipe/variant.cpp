#include "train/recipe/variant.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/json.hpp"
#include "mapping/partition.hpp"
#include "train/recipe.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

void refuse_for(Variant variant, bool given, const char* flag, const char* why) {
  if (given) fail<UsageError>("{} {} --variant {}", flag, why, to_string(variant));
}

/// A trained map has no sigma, no base and no modulation, and lies dense in the trained values.
void refuse_choices_of_fixed_maps(const RunConfig& c, Variant variant) {
  const char* why = "is a choice of a fixed map; contradicts";
  refuse_for(variant, c.map.has_value(), "--map", why);
  refuse_for(variant, c.modulation.has_value(), "--modulation", why);
  refuse_for(variant, c.alpha.has_value(), "--alpha", why);
  refuse_for(variant, c.activation.has_value(), "--activation", why);
  refuse_for(variant, c.omega.has_value(), "--omega", why);
  refuse_for(variant, c.base.has_value(), "--base", why);
}

}  // namespace

Variant resolve_variant(const RunConfig& c, Strategy strategy) {
  const VariantConfig& v = c.variant;
  const Variant variant = v.name ? parse_variant(*v.name) : Variant::none;
  refuse(v.hidden && variant != Variant::full_dnn, "--hidden", "is a layer of --variant full-dnn");
  refuse(v.name && strategy == Strategy::direct, "--variant",
         "of a mapping has no meaning with --strategy direct, which trains theta itself");
  const std::string modulation = c.modulation.value_or("");
  refuse_for(variant, variant == Variant::wm_off && !modulation.empty() && modulation != "none",
             "--modulation", "contradicts");
  refuse_for(variant, variant == Variant::lv_wmap && modulation == "none", "--modulation",
             "none leaves nothing to do for the trained vector of");
  if (!trains_map(variant)) return variant;
  refuse_for(variant, strategy != Strategy::slvt, "--strategy", "must be slvt with");
  refuse_choices_of_fixed_maps(c, variant);
  return variant;
}

MappingConfig resolve_trained_map(const RunConfig& c, Variant variant, const Network& net) {
  refuse(!c.latents.empty(), "--latents",
         "gives latents a layer, for --strategy lwt; --strategy slvt takes one --latent");
  MappingConfig m;
  m.strategy = Strategy::slvt;
  m.variant = variant;
  m.seed = c.seed;
  m.latents = {c.latent.value_or(variant == Variant::full_dnn ? 307 : 5)};
  single_latent_blocks(net, m.latents[0]);  // checks the range
  if (variant == Variant::full_dnn) {
    m.hidden = c.variant.hidden.value_or(61);
    require(m.hidden >= 1 && m.hidden <= kMaxHidden, "--hidden", m.hidden, "1 to 65536");
  }
  return m;
}

std::size_t trained_values(const MappingConfig& m, std::size_t params) {
  const std::size_t d = std::accumulate(m.latents.begin(), m.latents.end(), std::size_t{0});
  switch (m.variant) {
    case Variant::lv_wmap:
      return 2 * d;
    case Variant::lv_full_dnn:
      return d + params * d;
    case Variant::full_dnn:
      return (d + 1) * m.hidden + (m.hidden + 1) * params;
    case Variant::none:
    case Variant::wm_off:
      break;
  }
  return d;
}

double default_lr(const MappingConfig& m, int epochs) {
  if (m.strategy == Strategy::direct) return 3e-3;
  if (m.variant == Variant::lv_full_dnn) return 1e-3;
  if (m.variant == Variant::full_dnn) return 1e-4;
  // Every direction of a gradient's changes the network; a sweep of maps has the rates.
  if (m.learned.family == MapFamily::gradient) return 2e-2;
  if (m.finetune.on() && m.finetune.share > 1) return 4e-2;
  // Adam's steps have the rate's size: z comes as far as a longer training went by larger ones.
  const bool trajectory = m.learned.family == MapFamily::trajectory;
  const double longer = trajectory ? double(m.learned.epochs) / std::max(epochs, 1) : 1;
  return 8e-2 * std::max(longer, 1.0);
}

void add_variant(nlohmann::json& json, const MappingConfig& m) {
  if (m.variant == Variant::none) return;
  json["variant"] = to_string(m.variant);
  if (m.variant == Variant::full_dnn) json["hidden"] = m.hidden;
}

void read_variant(const nlohmann::json& json, MappingConfig& m) {
  if (!json.contains("variant")) return;
  m.variant = parse_variant(json.at("variant").get<std::string>());
  if (m.variant == Variant::full_dnn)
    m.hidden = static_cast<std::size_t>(whole_number(json.at("hidden"), "hidden", 1, kMaxHidden));
}

}  // namespace mapnet
