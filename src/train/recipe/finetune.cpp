#include "train/recipe/finetune.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <system_error>

#include "common/json.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

namespace {

std::vector<std::string> layer_names(const Network& net) {
  std::vector<std::string> names;
  for (const ParamTensor& p : net.params)
    if (names.empty() || names.back() != p.layer) names.push_back(p.layer);
  return names;
}

/// "layer4" means the layer of that name and all below it, "layer4.0.conv1" and so on.
bool names_layer(const std::string& word, const std::string& layer) {
  return word == "all" || layer == word || layer.starts_with(word + ".");
}

/// The layers that `words` name, in the network's order.
std::vector<ChosenLayer> choose(const std::vector<std::string>& words, const Network& net) {
  const std::vector<std::string> names = layer_names(net);
  for (const std::string& word : words)
    if (std::none_of(names.begin(), names.end(),
                     [&](const std::string& name) { return names_layer(word, name); }))
      fail<UsageError>("--finetune {}: {} has no such layer; it has {}", word, net.name,
                       fmt::format("{}", fmt::join(names, ", ")));
  std::vector<ChosenLayer> chosen;
  for (const std::string& name : names)
    if (std::any_of(words.begin(), words.end(),
                    [&](const std::string& word) { return names_layer(word, name); }))
      chosen.push_back({name, 1.0});
  return chosen;
}

double parse_alpha(const std::string& word, std::string_view text) {
  double alpha = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), alpha);
  if (error != std::errc() || end != text.data() + text.size() || !(alpha > 0 && alpha <= 1e6))
    fail<UsageError>(
        "--finetune-alpha is {}; expected NUMBER or LAYER:NUMBER, more than 0 and at "
        "most 1e6",
        word);
  return alpha;
}

/// A number alone is for every layer; a layer's own wins, wherever it stands.
void set_alphas(std::vector<ChosenLayer>& layers, const std::vector<std::string>& words) {
  const auto plain = [](const std::string& word) { return word.find(':') == std::string::npos; };
  if (std::count_if(words.begin(), words.end(), plain) > 1)
    fail<UsageError>("--finetune-alpha gives more than one number for all layers");
  for (const std::string& word : words)
    if (plain(word))
      for (ChosenLayer& layer : layers) layer.alpha = parse_alpha(word, word);
  for (const std::string& word : words) {
    if (plain(word)) continue;
    const std::size_t colon = word.find(':');
    const std::string name = word.substr(0, colon);
    const double alpha = parse_alpha(word, std::string_view(word).substr(colon + 1));
    bool any = false;
    for (ChosenLayer& layer : layers)
      if (names_layer(name, layer.name)) layer.alpha = alpha, any = true;
    if (!any) fail<UsageError>("--finetune-alpha {}: {} is not fine-tuned", word, name);
  }
}

}  // namespace

Pretrained resolve_pretrained(const FinetuneConfig& c, const Network& net) {
  if (c.pretrained) return inspect_pretrained(*c.pretrained, net);
  constexpr const char* why = "is for fine-tuning; it needs --pretrained FILE";
  refuse(!c.layers.empty(), "--finetune", why);
  refuse(c.share.has_value(), "--share", why);
  refuse(!c.alpha.empty(), "--finetune-alpha", why);
  return {};
}

Finetune resolve_finetune(const FinetuneConfig& c, const Pretrained& pretrained, Strategy strategy,
                          const Network& net) {
  Finetune f;
  if (!pretrained.given()) return f;
  if (strategy == Strategy::direct) {
    constexpr const char* why =
        "has no meaning with --strategy direct, which trains every pre-trained weight itself";
    refuse(!c.layers.empty(), "--finetune", why);
    refuse(c.share.has_value(), "--share", why);
    refuse(!c.alpha.empty(), "--finetune-alpha", why);
    return f;
  }
  std::vector<std::string> words = c.layers.empty() ? std::vector<std::string>{"all"} : c.layers;
  if (!pretrained.fresh.empty()) words.push_back(net.params.back().layer);
  f.layers = choose(words, net);
  f.share = c.share.value_or(1);
  require(f.share >= 1 && f.share <= kMaxShare, "--share", f.share, "1 to 1000000000");
  f.fresh = pretrained.fresh;
  set_alphas(f.layers, c.alpha);
  return f;
}

void to_json(nlohmann::json& json, const Finetune& f) {
  json["share"] = f.share;
  for (const ChosenLayer& layer : f.layers)
    json["layers"].push_back({{"name", layer.name}, {"alpha", layer.alpha}});
}

void from_json(const nlohmann::json& json, Finetune& f) {
  f.share = static_cast<std::size_t>(whole_number(json.at("share"), "share", 1, kMaxShare));
  for (const nlohmann::json& layer : json.at("layers"))
    f.layers.push_back({layer.at("name"), layer.at("alpha")});
}

}  // namespace mapnet
