#pragma once

#include "train/recipe.hpp"

namespace CLI {
class App;
}

/// The flags of a recipe, a function and a file a group of them.
namespace mapnet {

void add_finetune_options(CLI::App& command, FinetuneConfig& config);
void add_loss_options(CLI::App& command, MappingLossConfig& config);

}  // namespace mapnet
