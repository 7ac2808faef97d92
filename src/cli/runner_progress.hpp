#pragma once

#include "harness/runner.hpp"

namespace mapnet {

/// A line on standard error that rewrites itself on a terminal; elsewhere a line a finished run.
void show_progress(const RunnerProgress& progress);

}  // namespace mapnet
