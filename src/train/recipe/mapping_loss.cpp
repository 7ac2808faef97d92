#include "train/recipe/mapping_loss.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "train/recipe/check.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

struct TermName {
  const char* name;
  LossTerm MappingLoss::*term;
  double lambda;  ///< the default
};
constexpr std::array kTerms = {TermName{"stab", &MappingLoss::stability, 1e-2},
                               TermName{"smooth", &MappingLoss::smoothness, 1e-5},
                               TermName{"align", &MappingLoss::alignment, 1e-2}};

constexpr std::array<std::pair<const char*, LambdaMode>, 4> kModes = {
    {{"fixed", LambdaMode::fixed},
     {"plain", LambdaMode::plain},
     {"floor", LambdaMode::floor},
     {"uncertainty", LambdaMode::uncertainty}}};

LambdaMode parse_mode(const std::string& text) {
  for (const auto& [name, mode] : kModes)
    if (text == name) return mode;
  fail<UsageError>("unknown lambda mode '{}'; known: fixed, plain, floor, uncertainty", text);
}

/// The terms in the order given, "task" first.
std::vector<const TermName*> parse_terms(const std::string& text) {
  std::vector<const TermName*> terms;
  std::istringstream words(text);
  std::string word;
  bool task = false;
  while (std::getline(words, word, '+')) {
    if (word == "task") {
      task = true;
      continue;
    }
    const TermName* found = nullptr;
    for (const TermName& t : kTerms)
      if (word == t.name) found = &t;
    if (!found)
      fail<UsageError>("--loss {}: unknown term '{}'; known: task, stab, smooth, align", text,
                       word);
    terms.push_back(found);
  }
  if (!task) fail<UsageError>("--loss {}: the task's own loss is missing; begin with task", text);
  return terms;
}

}  // namespace

MappingLoss resolve(const MappingLossConfig& c, const MappingConfig& mapping) {
  MappingLoss loss;
  const std::vector<const TermName*> terms = parse_terms(c.terms);
  const bool direct = mapping.strategy == Strategy::direct;
  refuse(direct && !terms.empty(), "--loss",
         "of a mapping has no meaning with --strategy direct; there is only task");
  refuse(trains_map(mapping.variant) && !terms.empty(), "--loss",
         "of a fixed map has no meaning with a --variant that trains its map; there is only task");
  if (!c.lambdas.empty() && c.lambdas.size() != terms.size())
    fail<UsageError>("--lambdas has {} values for the {} terms after task of --loss {}",
                     c.lambdas.size(), terms.size(), c.terms);
  for (std::size_t i = 0; i < terms.size(); ++i) {
    LossTerm& term = loss.*terms[i]->term;
    if (term.on) fail<UsageError>("--loss {}: {} is there twice", c.terms, terms[i]->name);
    term = {true, c.lambdas.empty() ? terms[i]->lambda : c.lambdas[i]};
    require(term.lambda > 0 && term.lambda <= kMostReal, "--lambdas", term.lambda,
            "more than 0 and at most 1000000; leave a term out instead");
  }
  refuse(c.mode && !loss.any(), "--lambda-mode", "needs a term beside task in --loss");
  loss.mode = parse_mode(c.mode.value_or("floor"));
  const bool stability = loss.stability.on;
  refuse(c.stability_std && !stability, "--stab-std", "needs --loss task+stab");
  refuse(c.stability_fraction && !stability, "--stab-fraction", "needs --loss task+stab");
  loss.stability_std = stability ? c.stability_std.value_or(0.1) : 0;
  loss.stability_fraction = c.stability_fraction.value_or(1.0);
  require(!stability || (loss.stability_std > 0 && loss.stability_std <= kMostReal), "--stab-std",
          loss.stability_std, "more than 0 and at most 1000000");
  require(loss.stability_fraction > 0 && loss.stability_fraction <= 1, "--stab-fraction",
          loss.stability_fraction, "more than 0 and at most 1");
  return loss;
}

void to_json(nlohmann::json& json, const MappingLoss& loss) {
  for (const auto& [name, mode] : kModes)
    if (mode == loss.mode) json["lambda_mode"] = name;
  for (const TermName& t : kTerms)
    if ((loss.*t.term).on) json["initial_lambdas"][t.name] = (loss.*t.term).lambda;
  if (loss.stability.on) {
    json["stability_std"] = loss.stability_std;
    json["stability_fraction"] = loss.stability_fraction;
  }
}

void from_json(const nlohmann::json& json, MappingLoss& loss) {
  loss.mode = parse_mode(json.at("lambda_mode"));
  for (const TermName& t : kTerms)
    if (json.at("initial_lambdas").contains(t.name))
      loss.*t.term = {true, json.at("initial_lambdas").at(t.name)};
  loss.stability_std = json.value("stability_std", 0.0);
  loss.stability_fraction = json.value("stability_fraction", 1.0);
}

}  // namespace mapnet
