#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "mapping/mapping.hpp"

/// The variants of the method that table 7 compares it with.
namespace mapnet {

struct RunConfig;

/// What a user says of it; what is left open depends on the rest.
struct VariantConfig {
  std::optional<std::string> name;
  std::optional<std::size_t> hidden;
};

/// Throws UsageError, naming the flags, for what is unknown or contradicts the variant.
Variant resolve_variant(const RunConfig& config, Strategy strategy);

/// The mapping of a variant whose map is trained. Throws UsageError likewise.
MappingConfig resolve_trained_map(const RunConfig& config, Variant variant, const Network& net);

/// Values trained to generate `params` parameters, P: lv-fulldnn d + P d, full-dnn (d + 1) H + (H +
/// 1) P, lv-wmap 2 d, any other the latents d. Not for direct.
std::size_t trained_values(const MappingConfig& mapping, std::size_t params);

/// Peak learning rate of Adam over a run of `epochs`, unless a user chooses.
double default_lr(const MappingConfig& mapping, int epochs);

/// The part of a recipe's JSON; nothing where there is no variant. Throws nlohmann's exceptions.
void add_variant(nlohmann::json& json, const MappingConfig& mapping);
void read_variant(const nlohmann::json& json, MappingConfig& mapping);

}  // namespace mapnet
