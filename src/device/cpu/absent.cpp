#include "common/error.hpp"
#include "device/device.hpp"

/// Stands in for the CPU twins where oneDNN is missing and only a GPU is built for.
namespace mapnet {

std::shared_ptr<Device> open_cpu(int /*n_threads*/) {
  fail(
      "this mapnet was built for CUDA only; for --device cpu install oneDNN, OpenBLAS and LAPACKE "
      "(scripts/install-deps) and build again");
}

std::string cpu_libraries() { return {}; }

void forget_built_steps() {}

}  // namespace mapnet
