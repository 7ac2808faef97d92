#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "device/communicator.hpp"
#include "train/checkpoint.hpp"
#include "train/recipe.hpp"

/// What the ranks of a run make sure of before and between its steps.
namespace mapnet {

/// Throws UsageError where a recipe cannot be shared by so many ranks.
void require_shareable(const Recipe& recipe, int ranks);

/// Throws Error on each rank whose bytes are not the first's, saying that `what` differs.
void require_same(Communicator& ranks, std::string_view bytes, const std::string& what);

/// Everyone's text becomes the first rank's.
void broadcast(Communicator& ranks, std::string& text);

/// The first rank's checkpoint for all: the others may not see its folder.
std::optional<FoundCheckpoint> from_first(Communicator& ranks,
                                          std::optional<FoundCheckpoint> found);

}  // namespace mapnet
