#pragma once

namespace mapnet {

/// OpenMP's waiting threads spin by default, which costs tenfold when the cores are shared, and
/// sleep under OMP_WAIT_POLICY=passive, which costs a wake-up at each of a step's forty parallel
/// regions. Unless the user chose, restarts the program once with a short spin before the sleep:
/// the runtime reads its environment before main.
void settle_thread_waiting(char** argv);

/// What one of so many processes that share so many processors may take when nothing was said: 0,
/// all the process is allowed, for one alone.
int threads_of_one(int processes, int processors);

/// Threads of a run for which nobody asks for any: those this process is allowed, shared by the
/// jobs. 0 for a single job: `mapnet train` takes all.
int threads_of_a_job(int jobs);

}  // namespace mapnet
