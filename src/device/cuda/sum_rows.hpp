#pragma once

#include <cstddef>
#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet::cuda {

/// Adds the step sums [columns] = sum over the rows of x [rows, columns], in an order that depends
/// on the shape alone.
void add_sum_rows(Schedule& schedule, const std::string& name, const ParamSlice& sums,
                  const ParamSlice& x, std::size_t rows, std::size_t columns);

}  // namespace mapnet::cuda
