#pragma once

#include "train/recipe.hpp"

namespace CLI {
class App;
}

/// The flags of a recipe, a function and a file a group of them.
namespace mapnet {

void add_feature_options(CLI::App& command, FeaturesConfig& config);
void add_finetune_options(CLI::App& command, FinetuneConfig& config);
void add_footprint_options(CLI::App& command, FootprintConfig& config);
void add_learned_map_options(CLI::App& command, LearnedMapConfig& config);
void add_loss_options(CLI::App& command, MappingLossConfig& config);
void add_regularisation_options(CLI::App& command, Regularisation& regularisation);
void add_refresh_options(CLI::App& command, RefreshConfig& config);
void add_add_on_options(CLI::App& command, AddOnsConfig& config);
void add_variant_options(CLI::App& command, VariantConfig& config);

}  // namespace mapnet
