#pragma once

#include "harness/runner.hpp"

namespace mapnet {

/// A line on standard error that rewrites itself on a terminal; elsewhere a line a finished run.
void show_progress(const RunnerProgress& progress);

/// Threads of a run where the user asks for none: the machine's, shared by the jobs. 0 for a single
/// job: `mapnet train` takes all.
int threads_of_a_job(int asked, int jobs);

}  // namespace mapnet
