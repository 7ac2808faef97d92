#include "cli/runner_progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "common/say.hpp"

namespace mapnet {

namespace {

std::string duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

void show_progress(const RunnerProgress& p) {
  const bool live = ::isatty(STDERR_FILENO) == 1;
  if (!p.finished.empty())
    say("{}{} of {}: {}\n", live ? "\r\033[K" : "", p.done, p.total, p.finished);
  if (!live) return;
  std::string line = fmt::format("{} of {} runs", p.done, p.total);
  if (p.seconds_left > 0) line += ", about " + duration(p.seconds_left) + " left";
  for (const std::string& running : p.running) line += "; " + running;
  say("\r\033[K{}", line);
}

}  // namespace mapnet
