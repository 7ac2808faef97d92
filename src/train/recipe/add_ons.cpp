#include "train/recipe/add_ons.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "train/recipe/check.hpp"

namespace mapnet {

namespace {

PruneScope parse_scope(const std::string& text) {
  require(text == "global" || text == "tensor", "--prune-scope", text, "global or tensor");
  return text == "tensor" ? PruneScope::tensor : PruneScope::global;
}

const char* to_string(PruneScope scope) {
  return scope == PruneScope::tensor ? "tensor" : "global";
}

bool parse_quantize(const std::string& text) {
  require(text == "none" || text == "int8", "--quantize", text, "none or int8");
  return text == "int8";
}

}  // namespace

AddOns resolve(const AddOnsConfig& c) {
  AddOns a;
  a.low_rank = parse_low_rank(c.low_rank);
  refuse(c.prune_scope && !c.prune, "--prune-scope", "needs --prune");
  refuse(c.prune_at && !c.prune, "--prune-at", "needs --prune");
  if (c.prune) {
    require(*c.prune > 0 && *c.prune < 1, "--prune", *c.prune,
            "the share of the parameters to remove, more than 0 and less than 1");
    a.pruning = {*c.prune, parse_scope(c.prune_scope.value_or("global")), c.prune_at.value_or(0.5)};
    require(a.pruning.at >= 0 && a.pruning.at <= 1, "--prune-at", a.pruning.at,
            "a share of the training, 0 to 1");
  }
  a.int8 = parse_quantize(c.quantize);
  return a;
}

std::string name_suffix(const AddOns& a) {
  std::string name;
  if (!a.low_rank.empty()) name += "-lrd-" + to_string(a.low_rank);
  if (a.pruning.on()) name += fmt::format("-prune-{}", a.pruning.share);
  return name;
}

void to_json(nlohmann::json& json, const AddOns& a) {
  if (!a.low_rank.empty()) json["lrd"] = to_string(a.low_rank);
  if (a.pruning.on()) {
    json["prune"] = a.pruning.share;
    json["prune_scope"] = to_string(a.pruning.scope);
    json["prune_at"] = a.pruning.at;
  }
  if (a.int8) json["quantize"] = "int8";
}

void from_json(const nlohmann::json& json, AddOns& a) {
  a.low_rank = parse_low_rank(json.value("lrd", ""));
  if (json.contains("prune"))
    a.pruning = {json.at("prune"), parse_scope(json.at("prune_scope")), json.at("prune_at")};
  a.int8 = parse_quantize(json.value("quantize", "none"));
}

}  // namespace mapnet
