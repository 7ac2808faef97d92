#include "train/recipe/trained_on.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/json.hpp"
#include "train/recipe.hpp"
#include "train/sample_order.hpp"

namespace mapnet {

namespace {

/// Whether `a` had all samples of `b`: the order that both set aside from the end of is the same.
bool has_samples_of(const TrainedOn& a, const TrainedOn& b) {
  if (a.data != b.data || (b.samples > 0 && a.samples != b.samples)) return false;
  return a.validation == 0 || (a.split_seed == b.split_seed && a.validation <= b.validation);
}

/// The samples in such an order: first those that are trained on.
std::vector<std::uint32_t> split_order(Task task, std::size_t samples, std::size_t validation,
                                       std::uint64_t split_seed) {
  SampleCounts counts;
  counts.train = samples - validation;
  counts.validation = validation;
  counts.chronological = task == Task::forecast;
  counts.split_seed = split_seed;
  std::vector<std::uint32_t> order(samples);
  fill_sample_order(order, counts, 0, 0);
  return order;
}

}  // namespace

std::optional<TrainedOn> training_of(const Recipe& run, std::size_t samples) {
  if (run.epochs == 0) return std::nullopt;
  return TrainedOn{run.data, samples, run.validation, run.split_seed.value_or(run.seed)};
}

void leave_out_implied(Recipe& run, std::size_t samples) {
  if (const std::optional<TrainedOn> own = training_of(run, samples))
    std::erase_if(run.init.trained_on,
                  [&](const TrainedOn& before) { return has_samples_of(*own, before); });
}

std::vector<TrainedOn> trainings_of(const Recipe& run, std::size_t samples) {
  Recipe least = run;
  leave_out_implied(least, samples);
  std::vector<TrainedOn>& trainings = least.init.trained_on;
  const std::optional<TrainedOn> own = training_of(run, samples);
  if (own && std::ranges::none_of(
                 trainings, [&](const TrainedOn& before) { return has_samples_of(before, *own); }))
    trainings.insert(trainings.begin(), *own);
  return std::move(trainings);
}

std::size_t trained_validation_samples(const Recipe& run, std::span<const TrainedOn> trainings,
                                       std::size_t samples) {
  if (run.validation == 0 || run.validation > samples) return 0;
  std::vector<bool> trained(samples);
  for (const TrainedOn& t : trainings) {
    if (t.data != run.data || (t.samples != 0 && t.samples != samples)) continue;
    const std::size_t aside = std::min(t.validation, samples);
    const std::vector<std::uint32_t> order = split_order(run.task, samples, aside, t.split_seed);
    for (std::size_t i = 0; i < samples - aside; ++i) trained[order[i]] = true;
  }
  const std::vector<std::uint32_t> order =
      split_order(run.task, samples, run.validation, run.split_seed.value_or(run.seed));
  std::size_t count = 0;
  for (std::size_t i = samples - run.validation; i < samples; ++i) count += trained[order[i]];
  return count;
}

const TrainedOn* of_other_samples(const Recipe& run, std::span<const TrainedOn> trainings,
                                  std::size_t samples) {
  const auto other = std::ranges::find_if(trainings, [&](const TrainedOn& t) {
    return t.data == run.data && t.samples != 0 && t.samples != samples;
  });
  return other == trainings.end() ? nullptr : &*other;
}

void to_json(nlohmann::json& json, const TrainedOn& t) {
  json = {{"data", t.data},
          {"samples", t.samples},
          {"validation", t.validation},
          {"split_seed", t.split_seed}};
}

void from_json(const nlohmann::json& json, TrainedOn& t) {
  json.at("data").get_to(t.data);
  t.samples = static_cast<std::size_t>(whole_number(json.at("samples"), "samples"));
  t.validation = static_cast<std::size_t>(whole_number(json.at("validation"), "validation"));
  t.split_seed = seed_from_json(json.at("split_seed"));
}

}  // namespace mapnet
