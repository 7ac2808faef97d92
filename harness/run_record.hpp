#pragma once

#include "harness/campaign.hpp"

/// harness.json beside a run's files: what it was told, by which program and whether there was a
/// GPU. A run is done, or may be gone on with, where all three are the same.
namespace mapnet {

/// Whether the folder holds this run: the same record.
bool is_same_run(const SeedRun& run);

/// The same, and it is finished.
bool is_done(const SeedRun& run);

/// Before a run begins.
void write_record(const SeedRun& run);

}  // namespace mapnet
