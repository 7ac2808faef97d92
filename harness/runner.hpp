#pragma once

#include <functional>
#include <string>

#include "harness/campaign.hpp"

namespace mapnet {

/// How far the runs are.
struct RunnerProgress {
  std::size_t done = 0, total = 0;
  std::vector<std::string> running;  ///< "cnn2-slvt-2048 fashion-mnist seed 2, epoch 4/10"
  double seconds_left = 0;           ///< of all; 0: not known
  std::string finished;              ///< what has just ended, and how; empty: nothing
};

struct RunnerOptions {
  int jobs = 1;  ///< runs at a time
  StopRequested stop_requested = {};
  std::function<void(const RunnerProgress&)> progress = {};  ///< about once a second
};

/// Trains what is pending, each run a process of its own that goes on where it was stopped. Returns
/// false when it was asked to stop: what was running has saved itself, and nothing is to be made of
/// what has failed.
bool run_pending(std::vector<Campaign>& campaigns, const RunnerOptions& options);

}  // namespace mapnet
