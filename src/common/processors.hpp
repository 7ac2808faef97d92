#pragma once

namespace mapnet {

/// Processors that this process may run on, at least 1: the machine's, or those of them that a
/// launcher, taskset or a container left it. Threads are counted by nothing else: two that share a
/// processor wait for each other at every barrier of a step. Asked of the system once, before
/// OpenMP binds a thread to a place of its own.
int usable_processors();

}  // namespace mapnet
