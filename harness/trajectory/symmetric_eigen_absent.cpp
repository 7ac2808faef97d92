#include "common/error.hpp"
#include "harness/trajectory/symmetric_eigen.hpp"

namespace mapnet {

Eigen symmetric_eigen(SquareMatrix) {
  fail("this mapnet was built for CUDA only; a figure of trajectories needs a build with LAPACKE");
}

}  // namespace mapnet
