#pragma once

#include <functional>

#include "device/ops/map.hpp"
#include "train/maps/rows_on_disk.hpp"

namespace mapnet {

/// Called with rows of a block's W [n, d], from row `first` on, in order; float32.
using TakeRows = std::function<void(std::size_t first, std::span<const float> rows)>;

/// The principal directions of `rows`, restricted to the columns of theta that are the block's, as
/// the orthonormal columns of W [P, d]: eigenvectors of their Gram matrix, the largest first. Rows
/// are centred nowhere: they are steps away from a start that is the map's base. What the rows do
/// not span (fewer of them than d, or dependent ones) is filled with directions from the seed.
///
/// In memory lie four squares of rows.rows() and a matrix [d, rows.rows()], in double, which is a
/// fifth square where d is as many, and 16 MiB; nothing of P.
void principal_basis(const RowsOnDisk& rows, const MapBlock& block, std::uint64_t seed,
                     const TakeRows& take);

}  // namespace mapnet
