#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "device/ops/lstm.hpp"

/// Where the CPU's LSTM keeps what. At every step a sample has a row [h_(t-1) | x_t | 1] and the
/// weights are one matrix [W_hh | W_ih | b_ih + b_hh], so that a step forward is one product, a
/// step back is one, and so are all four weight gradients. The rows of a step lie together: for one
/// step of a small layer OpenBLAS multiplies them where they lie, faster than loops of ours.
namespace mapnet::cpu {

inline std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

/// Floats of a row [h | x | 1].
inline int row_width(const LstmShape& s) { return s.h + s.i + 1; }

/// OpenBLAS multiplies operands where they lie, without copies, up to so many multiply-adds.
inline constexpr std::size_t kSmallProduct = 1'000'000;

/// How a small layer's samples, or its 4H sums, are cut into runs that make small products: rows in
/// a run, each of which takes so many multiply-adds; 0 where a run would be too short to be worth
/// it.
inline int rows_of_small_product(std::size_t multiply_adds) {
  const std::size_t rows = std::min<std::size_t>(kSmallProduct / multiply_adds, 64);
  return static_cast<int>(rows / 16 * 16);
}

/// Runs that n samples or sums are cut into: at least one a thread, where there are so many.
inline int runs_of(int n, int rows_in_run, int n_threads) {
  const int runs = rows_in_run > 0 ? (n + rows_in_run - 1) / rows_in_run : 1;
  return std::max(runs, std::min(n, n_threads));
}

/// A part [T, N, columns] of the saved buffer, in floats. Steps that are not kept share their
/// place.
struct SavedPart {
  std::size_t begin, columns, step;

  std::size_t at(int t, int sample) const {
    return begin + step * static_cast<std::size_t>(t) + columns * static_cast<std::size_t>(sample);
  }
};

struct Saved {
  SavedPart rows, gates, states;
  std::size_t size;

  Saved(const LstmShape& s, bool keep) {
    const std::size_t steps = keep ? static_cast<std::size_t>(s.t) : 1;
    size = 0;
    const auto part = [&](int columns) {
      const std::size_t step = area(s.n, columns);
      const SavedPart made = {size, static_cast<std::size_t>(columns), keep ? step : 0};
      size += steps * step;
      return made;
    };
    rows = part(row_width(s));
    gates = part(4 * s.h);
    states = part(s.h);
  }
};

/// Pointers to a layer's parameters or gradients.
template <class T>
struct Params {
  T *weight_ih, *weight_hh, *bias_ih, *bias_hh;

  Params(const Memory& memory, const LstmParams& p)
      : weight_ih(memory.at<T>(p.weight_ih.buffer) + p.weight_ih.offset),
        weight_hh(memory.at<T>(p.weight_hh.buffer) + p.weight_hh.offset),
        bias_ih(memory.at<T>(p.bias_ih.buffer) + p.bias_ih.offset),
        bias_hh(memory.at<T>(p.bias_hh.buffer) + p.bias_hh.offset) {}
};

inline std::vector<BufferId> buffers_of(const LstmParams& p) {
  return {p.weight_ih.buffer, p.weight_hh.buffer, p.bias_ih.buffer, p.bias_hh.buffer};
}

}  // namespace mapnet::cpu
