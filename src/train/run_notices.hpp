#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/dataset.hpp"
#include "device/communicator.hpp"
#include "train/checkpoint.hpp"
#include "train/latent_file.hpp"
#include "train/recipe.hpp"

/// What a run tells whoever started it before its first step: a text each, on one line.
namespace mapnet {

/// Before the set-up: that it takes long, or that steps will be mostly padding.
std::vector<std::string> notices_before_setup(const Recipe& recipe, const Network& net,
                                              const Dataset& dataset, const Communicator& ranks);

/// That `arena_bytes` are more than the `available` memory; empty where they are not.
std::string notice_of_memory(std::size_t arena_bytes, std::size_t available, bool budget_given);

/// What to do where memory is not enough.
std::string advice_on_memory(bool budget_given);

/// That samples it sets aside are, or may be, among those that the model it begins with was trained
/// on, or one before that, or that its map was learned from; empty where they are not. `samples`:
/// the data set's to train on.
std::string notice_of_init(const Recipe& recipe, const LatentFile& model, std::size_t samples);

/// Whatever lets it end with other bits than the run would have that the checkpoint is of.
std::vector<std::string> notices_of_resuming(const Checkpoint& checkpoint, int ranks,
                                             const std::string& device);

}  // namespace mapnet
