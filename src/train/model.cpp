#include "train/model.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "device/ops/prune.hpp"
#include "train/checkpoint.hpp"
#include "train/target_network.hpp"

namespace mapnet {

Recipe recipe_on(const Model& model, const DeviceChoice& choice) {
  Recipe recipe = model.file.recipe;
  if (choice.threads > 0) recipe.threads = choice.threads;
  recipe.device = resolve_device(choice.device);
  return recipe;
}

namespace {

/// A session in which the file's values stand in for the initial ones, behind the rounds that led
/// there.
std::unique_ptr<Session> restore(const Model& model, const Dataset& dataset, Purpose purpose,
                                 const DeviceChoice& choice) {
  Recipe recipe = recipe_on(model, choice);
  const bool given = model.file.stores_theta || !model.file.theta.empty();
  if (given) recipe.mapping.strategy = Strategy::direct, recipe.refresh = {};
  recipe.validation = set_aside(model, dataset);
  auto session = std::make_unique<Session>(recipe, model.net, dataset, purpose);
  if (model.file.theta.empty()) {
    begin_with(*session, model);
  } else {
    session->set_values(model.file.theta);
    session->set_state(model.file.state);
  }
  if (recipe.add_ons.pruning.on()) session->set_pruned(model.file.pruned);
  session->set_pixels(model.file.pixels);
  return session;
}

}  // namespace

std::filesystem::path latent_file_of(const std::filesystem::path& run_or_file) {
  return std::filesystem::is_directory(run_or_file) ? run_or_file / "model.latent" : run_or_file;
}

void begin_with(Session& session, const Model& model) {
  const std::size_t rounds = model.file.stores_theta ? 1 : model.file.refreshes + 1;
  const std::size_t d = model.file.values.size() / rounds;
  for (std::size_t round = 0; round < rounds; ++round) {
    if (round > 0) session.refresh();
    session.set_values(std::span(model.file.values).subspan(round * d, d));
  }
  session.set_state(model.file.state);
  const std::uint32_t learned = model.file.learned_map.checksum;
  if (learned != 0)
    session.require_map(learned, "begin so, or export the model and begin with --pretrained");
}

std::size_t set_aside(const Model& model, const Dataset& dataset) {
  const std::size_t n = model.file.recipe.validation;
  return dataset.name == model.file.recipe.data && n < dataset.train.count ? n : 0;
}

namespace {

/// Throws Error where the folder is that of a run that is not over.
void require_finished(const RunFolder& folder) {
  if (!folder.begun()) return;
  std::string saved = "nothing of it is saved yet";
  try {
    if (const auto found = find_checkpoint(folder))
      saved = "it was saved in " + position_text(found->checkpoint);
  } catch (const Error&) {
    saved = "its checkpoint cannot be read";
  }
  fail("{}: its training has not finished ({}); finish it with mapnet train ... --resume",
       folder.path.string(), saved);
}

}  // namespace

Model open_model(const std::filesystem::path& run_or_file,
                 const std::filesystem::path& pretrained) {
  const std::filesystem::path path = latent_file_of(run_or_file);
  if (!std::filesystem::exists(path)) {
    require_finished(RunFolder{run_or_file});
    fail("{}: no such latent file; expected the folder a training wrote, or its model.latent",
         path.string());
  }
  Model model;
  model.file = read_latent_file(path);
  const LatentFile& f = model.file;
  model.net = target_network(f.recipe, {f.channels, f.height, f.width, f.classes});
  const std::size_t expected =
      f.expected_values(trainable_params(f.recipe, model.net), model.net.param_count());
  if (f.values.size() != expected)
    fail("{}: {} values; its recipe for {} stores {}", path.string(), f.values.size(), f.recipe.net,
         expected);
  const bool learned = f.recipe.mapping.learned.on() && !f.stores_theta;
  if (f.theta.size() != (learned ? model.net.param_count() : 0))
    fail("{}: {} parameters beside its latents; {} under such a map has {}", path.string(),
         f.theta.size(), f.recipe.net, learned ? model.net.param_count() : 0);
  if (f.state.size() != model.net.state_count())
    fail("{}: {} running statistics; {} has {}", path.string(), f.state.size(), f.recipe.net,
         model.net.state_count());
  const bool pruned = f.recipe.add_ons.pruning.on();
  if (f.pruned.size() != (pruned ? pruned_words(model.net.param_count()) : 0))
    fail("{}: the mask is not that of {} parameters", path.string(), model.net.param_count());
  if (!pretrained.empty()) {
    if (!f.recipe.mapping.finetune.on())
      fail<UsageError>("--pretrained: {} does not need any: it holds its own weights",
                       path.string());
    model.file.recipe.pretrained.file = pretrained.string();
  }
  return model;
}

std::vector<float> expand_theta(const Model& model, const DeviceChoice& choice) {
  const auto session = restore(model, {}, Purpose::expand, choice);
  session->expand();
  return session->theta();
}

std::vector<float> expand_weights(const Model& model, const DeviceChoice& choice) {
  std::vector<float> weights = expand_theta(model, choice);
  for (const ParamTensor& p : model.net.params)
    for (float& w : std::span(weights).subspan(p.offset, p.size)) w += p.center();
  return weights;
}

Metrics evaluate_model(const Model& model, const Dataset& dataset, Split split,
                       const DeviceChoice& choice) {
  return restore(model, dataset, Purpose::evaluate, choice)->evaluate(split);
}

namespace {

std::unique_ptr<Session> restore_int8(const Model& model, const Dataset& dataset,
                                      const DeviceChoice& choice) {
  Model int8 = model;
  int8.file.recipe.add_ons.int8 = true;
  return restore(int8, dataset, Purpose::evaluate, choice);
}

}  // namespace

Metrics evaluate_model_int8(const Model& model, const Dataset& dataset, Split split,
                            const DeviceChoice& choice) {
  return restore_int8(model, dataset, choice)->evaluate_int8(split);
}

std::vector<float> calibrate_model(const Model& model, const Dataset& dataset,
                                   const DeviceChoice& choice) {
  return restore_int8(model, dataset, choice)->calibrate();
}

Inference open_inference(const Model& model, int batch, const DeviceChoice& choice) {
  Inference inference(model.net, {batch, model.file.pixels}, open_device(recipe_on(model, choice)));
  inference.set_weights(expand_theta(model, choice), model.file.state);
  return inference;
}

}  // namespace mapnet
