#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What values were trained on that a run begins with: samples that it sets aside are judged by
/// only where none of these trainings had them.
namespace mapnet {

struct Recipe;

/// The training samples of one training.
struct TrainedOn {
  std::string data;
  std::size_t samples = 0;       ///< there were, those set aside too; 0: of a file without them
  std::size_t validation = 0;    ///< of these that were set aside
  std::uint64_t split_seed = 0;  ///< by which they were drawn
  bool operator==(const TrainedOn&) const = default;
};

/// Of a run of the recipe alone, on a data set of `samples`; nothing where it does no step.
std::optional<TrainedOn> training_of(const Recipe& run, std::size_t samples);

/// The same with all trainings before it that its values come from, the last one first. Of two that
/// had the same samples, or of which one had all of the other's, that one is there.
std::vector<TrainedOn> trainings_of(const Recipe& run, std::size_t samples);

/// Takes from the recipe's init the trainings whose samples its own has, too: what is kept is what
/// the recipe does not say already.
void leave_out_implied(Recipe& run, std::size_t samples);

/// Samples that the run sets aside of `samples` and these trainings had. Those of another number of
/// samples do not count: which are the same is not known.
std::size_t trained_validation_samples(const Recipe& run, std::span<const TrainedOn> trainings,
                                       std::size_t samples);

/// The first of these on the run's data set that is of another number of samples; null where there
/// is none.
const TrainedOn* of_other_samples(const Recipe& run, std::span<const TrainedOn> trainings,
                                  std::size_t samples);

/// The JSON of one of "trained_on". Throws nlohmann's exceptions, and Error for a number that is
/// none.
void to_json(nlohmann::json& json, const TrainedOn& training);
void from_json(const nlohmann::json& json, TrainedOn& training);

}  // namespace mapnet
