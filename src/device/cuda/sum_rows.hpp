#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet::cuda {

/// Enqueues sums [columns] = sum over the rows of x [rows, columns], in an order that depends on
/// the shape alone.
void sum_rows(cudaStream_t stream, float* sums, const float* x, std::size_t rows,
              std::size_t columns);

/// Adds the step sums [columns] = sum over the rows of x [rows, columns], in an order that depends
/// on the shape alone.
void add_sum_rows(Schedule& schedule, const std::string& name, const ParamSlice& sums,
                  const ParamSlice& x, std::size_t rows, std::size_t columns);

}  // namespace mapnet::cuda
