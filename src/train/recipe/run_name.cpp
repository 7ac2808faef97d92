#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/error.hpp"
#include "data/sha256.hpp"
#include "train/recipe.hpp"
#include "train/resume.hpp"

namespace mapnet {

namespace {

/// All that a name says in words.
std::string words_of(const Recipe& r, const Network& net) {
  std::string name = r.net + "-" + r.data + "-" + to_string(r.mapping.strategy);
  if (r.mapping.variant != Variant::none) name += "-" + to_string(r.mapping.variant);
  if (r.mapping.strategy != Strategy::direct)
    name += "-" + std::to_string(trainable_params(r, net));
  if (r.refresh.on()) name += "-refresh" + std::to_string(r.refresh.every);
  if (r.init.given()) name += "-init";
  if (r.pretrained.given()) name += "-finetuned";
  if (r.mapping.finetune.on()) name += "-share" + std::to_string(r.mapping.finetune.share);
  name += name_suffix(r.add_ons) + "-seed" + std::to_string(r.seed);
  std::ranges::replace(name, ':', '-');  // which scp and rsync take for a machine's name
  return name;
}

/// The flags that these words stand for, and no other.
RunConfig told_by_words(const Recipe& r) {
  RunConfig c;
  c.net = r.net;
  c.data = r.data;
  c.strategy = to_string(r.mapping.strategy);
  if (r.mapping.strategy != Strategy::direct)
    c.latent = std::accumulate(r.mapping.latents.begin(), r.mapping.latents.end(), std::size_t{0});
  if (r.mapping.variant != Variant::none) c.variant.name = to_string(r.mapping.variant);
  if (r.refresh.on()) c.refresh.every = r.refresh.every;
  if (!r.add_ons.low_rank.empty()) c.add_ons.low_rank = to_string(r.add_ons.low_rank);
  if (r.add_ons.pruning.on()) c.add_ons.prune = r.add_ons.pruning.share;
  c.seed = r.seed;
  c.threads = r.threads;
  c.device = r.device == DeviceKind::cuda ? "cuda" : "cpu";
  return c;
}

/// Whether the words tell the recipe. Of which files it reads they say nothing.
bool is_told(const Recipe& r, const Network& net, const nlohmann::json& settings) {
  if (r.init.given() || r.pretrained.given() || r.features.given()) return false;
  try {
    return settings_of(to_json(resolve(told_by_words(r), net))) == settings;
  } catch (const UsageError&) {  // some of the words need flags that are not among them
    return false;
  }
}

/// Without what earlier programs took less of from the model that a run begins with: their runs are
/// to be found.
nlohmann::json naming_settings(const Recipe& r) {
  nlohmann::json recipe = to_json(r);
  leave_out_order_of_init(recipe);
  return settings_of(recipe);
}

}  // namespace

std::string default_run_name(const Recipe& r, const Network& net, const std::string& beside) {
  constexpr std::size_t kHashDigits = 6;
  const std::string words = words_of(r, net);
  const nlohmann::json settings = naming_settings(r);
  if (beside.empty() && is_told(r, net, settings)) return words;
  return words + "-" + sha256_of_text(settings.dump() + beside).substr(0, kHashDigits);
}

}  // namespace mapnet
