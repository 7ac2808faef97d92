#pragma once

#include "device/cuda/lstm_window.hpp"
#include "device/ops/lstm_cell.hpp"

/// One unit of one sample at one step, wherever its sums come from.
namespace mapnet::cuda {

/// Position of (sample, step, unit) in an array [N, T, H]; 4 times that of a row's first in
/// [N, T, 4H].
template <class Sizes>
__device__ inline std::size_t row_of(const Sizes& p, int sample, int t) {
  return (static_cast<std::size_t>(sample) * static_cast<std::size_t>(p.t) +
          static_cast<std::size_t>(t)) *
         static_cast<std::size_t>(p.h);
}

/// Keeps what is kept of unit j and writes its output.
__device__ inline void write_cell(const LstmForward& p, int sample, int t, int j,
                                  const LstmCell& cell, float h_before) {
  const std::size_t row = row_of(p, sample, t);
  if (p.gates) {
    float* gates = p.gates + 4 * row + j;
    gates[0] = cell.i;
    gates[p.h] = cell.f;
    gates[2 * p.h] = cell.g;
    gates[3 * p.h] = cell.o;
    p.c[row + j] = cell.c;
    p.h_before[row + j] = h_before;
  }
  if (!p.last_only)
    p.y[row + j] = cell.h;
  else if (t + 1 == p.t)
    p.y[static_cast<std::size_t>(sample) * static_cast<std::size_t>(p.h) + j] = cell.h;
}

/// The gradients of unit j, where dh and dc come from the step behind; the gates become those of
/// their sums.
__device__ inline LstmCellGradient cell_gradient(const LstmBackward& p, int sample, int t, int j,
                                                 float dh, float dc) {
  const std::size_t row = row_of(p, sample, t);
  if (!p.last_only)
    dh += p.dy[row + j];
  else if (t + 1 == p.t)
    dh += p.dy[static_cast<std::size_t>(sample) * static_cast<std::size_t>(p.h) + j];
  float* gates = p.gates + 4 * row + j;
  const LstmCell cell = {gates[0], gates[p.h], gates[2 * p.h], gates[3 * p.h], p.c[row + j], 0};
  const float c_before = t > 0 ? p.c[row - p.h + j] : 0.0f;
  const LstmCellGradient d = lstm_cell_gradient(cell, c_before, dh, dc);
  gates[0] = d.i;
  gates[p.h] = d.f;
  gates[2 * p.h] = d.g;
  gates[3 * p.h] = d.o;
  return d;
}

}  // namespace mapnet::cuda
