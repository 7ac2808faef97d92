#include "train/recipe/init.hpp"

#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"
#include "data/sha256.hpp"
#include "train/model.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/mapping_flags.hpp"

namespace mapnet {

namespace {

void refuse_contradictions(const RunConfig& c, const Model& model) {
  constexpr const char* why = "comes with the model of --init; leave it out";
  refuse_mapping_flags(c, why);
  refuse(c.variant.name.has_value(), "--variant", why);
  refuse(c.variant.hidden.has_value(), "--hidden", why);
  refuse(!c.finetune.layers.empty(), "--finetune", why);
  refuse(c.finetune.share.has_value(), "--share", why);
  refuse(!c.finetune.alpha.empty(), "--finetune-alpha", why);
  const Recipe& trained = model.file.recipe;
  const std::string strategy = to_string(trained.mapping.strategy);
  if (c.strategy != RunConfig().strategy && c.strategy != strategy)
    fail<UsageError>("--strategy {}: the model of --init was trained with {}", c.strategy,
                     strategy);
  refuse(c.finetune.pretrained && !trained.mapping.finetune.on(), "--pretrained",
         "gives weights to begin with; --init does, too");
  refuse(!model.file.pruned.empty(), "--init",
         "of a pruned model would forget its mask; export it, and begin with --pretrained");
  refuse(model.file.stores_theta, "--init",
         "of a model that was refreshed so often that it stores theta has no latents; export it, "
         "and begin with --pretrained");
  refuse(model.file.refreshes > 0 && !c.refresh.every, "--init",
         "of a model whose map was refreshed needs --refresh: its map is the last one's successor");
}

bool same_parameters(const Network& a, const Network& b) {
  return a.name == b.name && std::equal(a.params.begin(), a.params.end(), b.params.begin(),
                                        b.params.end(), [](const auto& p, const auto& q) {
                                          return p.name == q.name && p.shape == q.shape;
                                        });
}

/// By which seed the last training on the data set set samples aside, or where there was none the
/// run that the map was learned in.
std::optional<std::uint64_t> split_seed_on(const std::string& data, const Recipe& trained) {
  const std::uint64_t own = trained.split_seed.value_or(trained.seed);
  if (data == trained.data && trained.epochs > 0) return own;
  for (const TrainedOn& before : trained.init.trained_on)
    if (before.data == data) return before.split_seed;
  if (data == trained.data) return own;
  const LearnedMap& learned = trained.mapping.learned;
  if (learned.on() && learned.data == data) return learned_in(trained).split_seed;
  return std::nullopt;
}

/// Another seed would draw validation samples that the model's values were trained on, or its map
/// learned from.
std::optional<std::uint64_t> split_seed_of(const RunConfig& c, const Recipe& trained) {
  if (c.validation == 0) return std::nullopt;
  const std::optional<std::uint64_t> seed = split_seed_on(c.data, trained);
  return seed == c.seed ? std::nullopt : seed;
}

/// In what the model's map was learned, where it would be another one in the run: learned from
/// other samples, or at inputs of another scale.
std::optional<LearnedIn> learned_in_other(const RunConfig& c,
                                          std::optional<std::uint64_t> split_seed,
                                          const Recipe& trained, Task task) {
  Recipe run;
  run.data = c.data;
  run.seed = c.seed;
  run.split_seed = split_seed;
  run.validation = c.validation;
  run.mapping.learned = trained.mapping.learned;
  run.mapping.learned.in.reset();
  const LearnedIn then = learned_in(trained), now = learned_in(run);
  const bool split = then.validation > 0 || trained.mapping.learned.samples > 0;
  const bool pictures = task == Task::segment;  // are scaled by the first of the order
  const bool same = then.validation == now.validation &&
                    (!split || then.split_seed == now.split_seed) &&
                    (!pictures || then.seed == now.seed);
  return same ? std::nullopt : std::optional(then);
}

}  // namespace

std::size_t learned_validation_samples(const Recipe& run, std::size_t have) {
  const LearnedMap& learned = run.mapping.learned;
  if (!learned.on() || learned.data != run.data) return 0;
  std::size_t first = have - std::min(have, learned_in(run).validation);
  if (learned.samples > 0) first = std::min(first, learned.samples);
  return first + run.validation > have ? first + run.validation - have : 0;
}

std::optional<InitModel> resolve_init(const RunConfig& c, const Network& net) {
  if (!c.init) return std::nullopt;
  const Model model = open_model(*c.init);
  if (!same_parameters(model.net, net))
    fail(
        "--init {}: a model of {} with {} parameters; this run trains {} with {}, and they have "
        "to have the same names and shapes",
        *c.init, model.net.name, model.net.param_count(), net.name, net.param_count());
  refuse_contradictions(c, model);
  const Recipe& trained = model.file.recipe;
  InitModel init;
  init.init = {absolute_path(*c.init).string(), sha256_hex(latent_file_of(*c.init)),
               model.file.refreshes, trainings_of(trained, model.file.train_samples)};
  init.mapping = trained.mapping;
  init.latent_std = trained.latent_std;
  init.split_seed = split_seed_of(c, trained);
  if (trained.mapping.learned.on())
    init.mapping.learned.in = learned_in_other(c, init.split_seed, trained, net.task);
  if (trained.mapping.finetune.on()) init.pretrained = trained.pretrained;
  if (c.finetune.pretrained) init.pretrained.file = absolute_path(*c.finetune.pretrained).string();
  return init;
}

void to_json(nlohmann::json& json, const Init& init) {
  json = {{"file", init.file}, {"sha256", init.sha256}};
  if (init.refreshes > 0) json["refreshes"] = init.refreshes;
  if (!init.trained_on.empty()) json["trained_on"] = init.trained_on;
}

void from_json(const nlohmann::json& json, Init& init) {
  json.at("file").get_to(init.file);
  json.at("sha256").get_to(init.sha256);
  init.refreshes = json.value("refreshes", std::size_t{0});
  if (json.contains("trained_on")) json.at("trained_on").get_to(init.trained_on);
}

}  // namespace mapnet
