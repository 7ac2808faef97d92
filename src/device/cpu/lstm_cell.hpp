#pragma once

#include <cstddef>

namespace mapnet::cpu {

/// A matrix that lies with gaps between its rows; without data where there is none.
template <class T>
struct Rows {
  T* data = nullptr;
  std::size_t stride = 0;  ///< floats from a row to the next

  T* row(int r) const { return data + static_cast<std::size_t>(r) * stride; }
};

/// One step of some rows of a batch. gates [rows, 4 hidden] hold the gates' sums and receive their
/// values; c_before has no data at the first step; h and h_too [rows, hidden] receive the output
/// where they have data.
struct LstmCells {
  int rows = 0, hidden = 0;
  float* gates = nullptr;
  const float* c_before = nullptr;
  float* c = nullptr;
  Rows<float> h = {}, h_too = {};
};
void lstm_cells(const LstmCells& cells);

/// Its mirror. gates hold values and receive the gradients of their sums; dh is dy + dh_after
/// [rows, hidden], each where it has data; dc [rows, hidden] goes from this step's state to the one
/// before.
struct LstmCellGradients {
  int rows = 0, hidden = 0;
  float* gates = nullptr;
  const float *c_before = nullptr, *c = nullptr;
  Rows<const float> dy = {}, dh_after = {};
  float* dc = nullptr;
};
void lstm_cell_gradients(const LstmCellGradients& cells);

}  // namespace mapnet::cpu
