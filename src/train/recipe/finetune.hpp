#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mapping/mapping.hpp"
#include "train/pretrained.hpp"

/// What of a pre-trained network a run shifts, and how (eq. 25).
namespace mapnet {

/// What a user says of it; what is left open depends on the rest.
struct FinetuneConfig {
  std::optional<std::string> pretrained;  ///< safetensors file
  std::vector<std::string> layers;        ///< "all", or layers and prefixes of layers up to a dot
  std::optional<std::size_t> share;       ///< L
  std::vector<std::string> alpha;         ///< "0.5" for all, "fc1:0.5" for one
};

/// The weights to begin with, if any: see inspect_pretrained.
Pretrained resolve_pretrained(const FinetuneConfig& config, const Network& net);

/// The layers to shift; none where nothing is pre-trained or theta itself is trained. A new head's
/// layer is always among them: frozen, it would stay random. Throws UsageError, naming the flags,
/// for what is unknown, out of range or without meaning.
Finetune resolve_finetune(const FinetuneConfig& config, const Pretrained& pretrained,
                          Strategy strategy, const Network& net);

/// The JSON of a recipe's "finetune". `fresh` is not part of it: see Pretrained.
void to_json(nlohmann::json& json, const Finetune& finetune);
void from_json(const nlohmann::json& json, Finetune& finetune);

}  // namespace mapnet
