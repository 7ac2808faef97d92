#include "train/run_notices.hpp"

#include <fmt/core.h>

#include "common/bytes.hpp"
#include "train/build_info.hpp"
#include "train/run_schedule.hpp"

namespace mapnet {

namespace {

/// Products and sums that make a dense map's columns orthonormal and take some seconds on a core.
constexpr double kLongSetup = 5e10;

/// Of W [rows, d] by two Gram matrices and two triangular solutions.
double setup_work(const MapDesc& map) {
  double work = 0;
  for (const MapBlock& block : map.blocks) {
    const auto d = static_cast<double>(block.latents);
    work += 4 * static_cast<double>(block.rows) * d * d;
  }
  return work;
}

std::string notice_of_setup(const Recipe& r, const Network& net) {
  const MappingConfig& m = r.mapping;
  if (m.strategy == Strategy::direct || trains_map(m.variant)) return {};
  if (m.learned.on())
    return fmt::format("--map {}: the map is learned before the first step, which may take a while",
                       to_string(m.learned.family));
  if (!is_stored(m.map) || r.device != DeviceKind::cpu) return {};
  if (setup_work(make_map(net, m)) < kLongSetup) return {};
  return fmt::format(
      "--map {}: its columns are made orthonormal before the first step, which may take a while",
      to_string(m.map));
}

std::string notice_of_padding(const Recipe& r, const Dataset& dataset, int ranks) {
  const std::size_t samples = split_samples(r, dataset).train;
  if (static_cast<std::size_t>(eval_batch_of(r, ranks)) <= 2 * samples) return {};
  return fmt::format("--batch {}: there are {} training samples, so each step is mostly padding",
                     r.batch, samples);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::vector<std::string> notices_before_setup(const Recipe& recipe, const Network& net,
                                              const Dataset& dataset, const Communicator& ranks) {
  std::vector<std::string> notices = {notice_of_padding(recipe, dataset, ranks.size()),
                                      notice_of_setup(recipe, net)};
  std::erase(notices, "");
  return notices;
}

std::string advice_on_memory(bool budget_given) {
  if (budget_given) return "a smaller --memory-budget, or a smaller --batch, takes less";
  return "a smaller --batch, or --memory-budget SIZE, which chooses what fits (mapnet plan "
         "--memory-budget SIZE shows it)";
}

std::string notice_of_memory(std::size_t arena_bytes, std::size_t available, bool budget_given) {
  if (arena_bytes <= available) return {};
  return fmt::format(
      "the training's arena takes {}, and {} of memory are available, so that the system may end "
      "it; {}",
      format_bytes(arena_bytes), format_bytes(available), advice_on_memory(budget_given));
}

std::string notice_of_init(const Recipe& recipe, const LatentFile& model, std::size_t samples) {
  if (recipe.validation == 0) return {};
  const auto told = [&](const std::string& what) {
    return fmt::format("--validation {}: {}", recipe.validation, what);
  };
  const std::vector<TrainedOn> trainings = trainings_of(model.recipe, model.train_samples);
  if (const std::size_t trained = trained_validation_samples(recipe, trainings, samples)) {
    const std::optional<TrainedOn> last = training_of(model.recipe, model.train_samples);
    const bool alone =
        last && trained_validation_samples(recipe, std::span(&*last, 1), samples) == trained;
    return told(fmt::format(
        "{} of these samples are among those that the model of --init{}", trained,
        alone ? fmt::format(" was trained on, which set {} aside", model.recipe.validation)
              : ", or one that it began with, was trained on"));
  }
  if (const TrainedOn* other = of_other_samples(recipe, trainings, samples))
    return told(fmt::format(
        "any of these samples may be among those that the model of --init, or one that it began "
        "with, was trained on: of {} there were {} to train on then, here are {}",
        recipe.data, other->samples, samples));
  if (const std::size_t learned = learned_validation_samples(recipe, samples))
    return told(fmt::format(
        "{} of these samples are among those that the map of --init was learned from", learned));
  return {};
}

std::vector<std::string> notices_of_resuming(const Checkpoint& c, int ranks,
                                             const std::string& device) {
  std::vector<std::string> notices;
  if (c.program != program_identity())
    notices.push_back(fmt::format(
        "the checkpoint was written by another mapnet{}: the end may not be the same to the bit",
        c.program.empty() ? "" : " (" + first_line(c.program) + ")"));
  if (ranks != c.ranks)
    notices.push_back(
        fmt::format("the checkpoint is of {} rank{}, this run has {}: the end will not be the "
                    "same to the bit",
                    c.ranks, c.ranks == 1 ? "" : "s", ranks));
  else if (device != c.device)
    notices.push_back(fmt::format(
        "the checkpoint is from {}, this is {}: the end will not be the same to the bit", c.device,
        device));
  return notices;
}

}  // namespace mapnet
