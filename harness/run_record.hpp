#pragma once

#include "harness/campaign.hpp"
#include "harness/process.hpp"

/// harness.json beside a run's files: what it was told, by which program and, where it might have
/// run on one, whether there was a GPU. A run is done, or may be gone on with, where all that is
/// the same. A file that a setting names is told by its contents, a folder of data by where it
/// lies; how many threads there are makes no other run. Once the run is finished the SHA-256 of its
/// result.json is there too: whoever trains in the folder by hand leaves another.
namespace mapnet {

/// What `mapnet plan --json` says of the run.
ProgramOutput plan_of(const SeedRun& run);

/// Whether the folder holds this run: the same record.
bool is_same_run(const SeedRun& run);

/// How far the folder's run is this one, and over.
enum class RunState {
  unfinished,  ///< or another one
  unrecorded,  ///< finished, and the harness ended before it recorded the result: the run, which is
               ///< gone on with, looks itself whether it was trained as it is told
  replaced,    ///< finished, and its result is another than was recorded, or cannot be read
  done,        ///< finished, and its result is the one that was recorded
};

/// Reads the result once.
RunState state_of(const SeedRun& run);

/// Records the result of a run that is over, unless another has begun in the folder meanwhile.
void record_result(const SeedRun& run);

/// The words that the run in the folder, which is the same, was begun with.
std::vector<std::string> recorded_words(const SeedRun& run);

enum class FolderState {
  taken,    ///< somebody trains there: nothing was touched
  begins,   ///< nothing of a run is there
  goes_on,  ///< the run is there, to be gone on with
};

/// Makes a run's folder ready for it and writes its record, while nobody else is at it; does not
/// wait for them. What is of another run, or of this one where somebody removed its result, is
/// gone. Throws Error, before that, where the run could not begin.
FolderState prepare_folder(const SeedRun& run);

}  // namespace mapnet
