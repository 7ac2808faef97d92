#include "device/communicator.hpp"

/// Stands in for MPI in a build without it.
namespace mapnet {

std::shared_ptr<Communicator> join_ranks(std::function<bool()> /*stop_requested*/) {
  // Going on alone, each of them would train the whole run and write over the others' files.
  if (const Launch launch = launched_as(); launch.size > 1)
    fail(
        "started as one of {} processes, but this mapnet was built without MPI: install it "
        "(scripts/install-deps --mpi) and configure again with -DMAPNET_MPI=ON",
        launch.size);
  return alone();
}

void leave_ranks(int /*code*/) {}

}  // namespace mapnet
