#include "device/communicator.hpp"

#include <cstdlib>

namespace mapnet {

namespace {

class Alone : public Communicator {
 public:
  explicit Alone(int local_rank) : local_rank_(local_rank) {}
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_rank_ + 1; }
  void sum(std::span<float> /*values*/) override {}
  void sum(std::span<double> /*values*/) override {}
  void sum(std::span<std::uint64_t> /*values*/) override {}
  void max(std::span<float> /*values*/) override {}
  void broadcast(std::span<std::byte> /*bytes*/) override {}
  unsigned agree(unsigned flags) override { return flags; }

 private:
  const int local_rank_;
};

int number_in(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::atoi(text) : otherwise;
}

}  // namespace

const std::shared_ptr<Communicator>& alone() {
  static const std::shared_ptr<Communicator> one = std::make_shared<Alone>(0);
  return one;
}

std::shared_ptr<Communicator> alone_on(int local_rank) {
  return std::make_shared<Alone>(local_rank);
}

Launch launched_as() {
  // Open MPI's mpirun; those of MPICH's family, and srun --mpi=pmi2; any srun (SLURM_NTASKS alone
  // is set in a batch script too, which is one process).
  constexpr struct {
    const char *rank, *size;
  } kLaunchers[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                    {"PMI_RANK", "PMI_SIZE"},
                    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};
  for (const auto& launcher : kLaunchers)
    if (const int size = number_in(launcher.size, 1); size > 1)
      return {number_in(launcher.rank, 0), size};
  return {};
}

}  // namespace mapnet
