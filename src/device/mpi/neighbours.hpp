#pragma once

#include <optional>
#include <vector>

namespace mapnet::mpi {

/// A rank as a process of its machine.
struct Process {
  long long rank = 0;
  long long id = 0;     ///< getpid's
  long long space = 0;  ///< PID namespace in which that is its id; 0: unknown
};

Process this_process(int rank);

/// The other ranks as processes, where they can be seen: on the same machine and in the same
/// container. A process that is gone is known at once and for certain, whatever the launcher does
/// about it.
class Neighbours {
 public:
  Neighbours() = default;
  /// `local`: all processes of this machine's ranks, `own` among them; `ranks`: how many there are.
  Neighbours(const std::vector<Process>& local, const Process& own, int ranks);

  /// A rank whose process is gone.
  std::optional<int> lost() const;

  bool all_watched() const { return all_; }

 private:
  std::vector<Process> watched_;
  bool all_ = false;
};

}  // namespace mapnet::mpi
