#include "train/maps/rotation.hpp"

#include "algebra/products.hpp"
#include "common/error.hpp"
#include "device/random.hpp"

namespace mapnet {

SquareMatrix random_rotation(std::size_t n, std::uint64_t seed, std::uint32_t which) {
  SquareMatrix q(n);
  for (std::size_t i = 0; i < q.values.size(); ++i)
    q.values[i] =
        static_cast<double>(random_normals(seed, Stream::learned_rotation, i / 4, which)[i % 4]);
  // A square Gaussian's condition is about n: the second pass takes off what that left.
  for (int pass = 0; pass < 2; ++pass) {
    SquareMatrix r(n);
    add_gram_of_columns(r, q.values, n);
    if (!cholesky(r)) fail("a random rotation of {} columns: its Gaussian is singular", n);
    divide_by_upper(q.values, r);
  }
  return q;
}

}  // namespace mapnet
