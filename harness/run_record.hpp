#pragma once

#include "harness/campaign.hpp"

/// harness.json beside a run's files: what it was told, by which program and, where it might have
/// run on one, whether there was a GPU. A run is done, or may be gone on with, where all that is
/// the same. A file that a setting names is told by its contents, a folder of data by where it
/// lies; how many threads there are makes no other run.
namespace mapnet {

/// Whether the folder holds this run: the same record.
bool is_same_run(const SeedRun& run);

/// The same, and it is finished.
bool is_done(const SeedRun& run);

/// The words that the run in the folder, which is the same, was begun with.
std::vector<std::string> recorded_words(const SeedRun& run);

/// Makes a run's folder ready for it and writes its record, while nobody else is at it. True where
/// the run goes on with what is there; else that is gone. Throws Error where somebody trains there,
/// and touches nothing then.
bool prepare_folder(const SeedRun& run);

}  // namespace mapnet
