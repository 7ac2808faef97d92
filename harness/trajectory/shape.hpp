#pragma once

#include <vector>

#include "algebra/square_matrix.hpp"

namespace mapnet {

/// How near to a line a trajectory is, as numbers from 0 to 1.
struct TrajectoryShape {
  std::vector<double> shares;     ///< of the variance, of each principal component
  std::size_t components_99 = 0;  ///< that have 99% of it
  /// From the first point to the last as the crow flies, against the way that was gone.
  double straightness = 0;
  /// The first component's share among ten points in a row, the mean over all such rows: how near
  /// to a line it is from close by. Of fewer points than ten: of all.
  double local_linearity = 0;
};

TrajectoryShape shape_of(const SquareMatrix& gram);

}  // namespace mapnet
