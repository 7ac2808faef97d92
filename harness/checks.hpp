#pragma once

#include "harness/campaign.hpp"

/// What is found out before a run begins: whether its data is there, and whether it would train
/// what the table says.
namespace mapnet {

/// Checks each data set and asks `mapnet plan` for what each entry would train: entries become
/// no_data, or failed where data is damaged or a count is not the table's. (Of an entry that begins
/// with another's weights they are asked for once these are there: those of a run that is done.)
/// Ends early where it is asked to stop: what failed last may have been stopped by the same signal.
void check_before_training(Campaign& campaign, const CampaignOptions& options,
                           const StopRequested& stop_requested);

/// Exports the weights that the run begins with, and compares the counts as above: the entry has
/// failed where that is not possible. The run's source is done.
void prepare_weights(ChosenEntry& entry, const SeedRun& run);

}  // namespace mapnet
