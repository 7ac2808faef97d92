#include "device/mpi/neighbours.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace mapnet::mpi {

namespace {

bool exists(::pid_t id) { return ::kill(id, 0) == 0 || errno != ESRCH; }

}  // namespace

Neighbours::Neighbours(const std::vector<Process>& local, int others) {
  std::copy_if(local.begin(), local.end(), std::back_inserter(watched_),
               [](const Process& p) { return exists(p.id); });
  all_ = static_cast<int>(watched_.size()) == others;
}

std::optional<int> Neighbours::lost() const {
  for (const Process& p : watched_)
    if (!exists(p.id)) return p.rank;
  return std::nullopt;
}

}  // namespace mapnet::mpi
