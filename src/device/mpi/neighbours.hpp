#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

namespace mapnet::mpi {

/// The other ranks as processes, where they can be seen: on the same machine. A process that is
/// gone is known at once and for certain, whatever the launcher does about it.
class Neighbours {
 public:
  struct Process {
    int rank;
    ::pid_t id;
  };

  /// `local`: the processes of this machine's other ranks, `others` how many ranks there are beside
  /// this one. In a container a process may be hidden: it is not watched.
  Neighbours(const std::vector<Process>& local, int others);

  /// A rank whose process is gone.
  std::optional<int> lost() const;

  bool all_watched() const { return all_; }

 private:
  std::vector<Process> watched_;
  bool all_ = false;
};

}  // namespace mapnet::mpi
