#include "device/cpu/lstm_cell.hpp"

#include <cstring>

#include "device/host_device.hpp"
#include "device/ops/lstm_cell.hpp"

namespace mapnet::cpu {

namespace {

constexpr int kUnits = 16;

/// Sixteen units at a time: arrays that cannot overlap anything, so that loops over them become
/// vectors. The rest of a row is padded with zeros.
struct Units {
  alignas(64) float v[kUnits];
};

[[gnu::always_inline]] inline void read(Units& units, const float* from, int n) {
  if (n == kUnits) {
    std::memcpy(units.v, from, sizeof units);
  } else {
    std::memset(units.v, 0, sizeof units);
    std::memcpy(units.v, from, static_cast<std::size_t>(n) * sizeof(float));
  }
}

[[gnu::always_inline]] inline void read_or_zero(Units& units, const float* from, int n) {
  if (from)
    read(units, from, n);
  else
    std::memset(units.v, 0, sizeof units);
}

[[gnu::always_inline]] inline void write(float* to, const Units& units, int n) {
  std::memcpy(to, units.v, static_cast<std::size_t>(n) * sizeof(float));
}

struct Gates {
  Units i, f, g, o;
};

/// n of a row's units; `at` the first one's gate i, the others' lie `hidden` floats apart.
[[gnu::always_inline]] inline void read(Gates& gates, const float* at, int hidden, int n) {
  read(gates.i, at, n);
  read(gates.f, at + hidden, n);
  read(gates.g, at + 2 * hidden, n);
  read(gates.o, at + 3 * hidden, n);
}

[[gnu::always_inline]] inline void write(float* at, const Gates& gates, int hidden, int n) {
  write(at, gates.i, n);
  write(at + hidden, gates.f, n);
  write(at + 2 * hidden, gates.g, n);
  write(at + 3 * hidden, gates.o, n);
}

[[gnu::always_inline]] inline void compute(Gates& gates, Units& c, Units& h) {
  for (int j = 0; j < kUnits; ++j) {
    const LstmCell cell = lstm_cell(gates.i.v[j], gates.f.v[j], gates.g.v[j], gates.o.v[j], c.v[j]);
    gates.i.v[j] = cell.i, gates.f.v[j] = cell.f, gates.g.v[j] = cell.g, gates.o.v[j] = cell.o;
    c.v[j] = cell.c, h.v[j] = cell.h;
  }
}

[[gnu::always_inline]] inline void compute_gradients(Gates& gates, const Units& c_before,
                                                     const Units& c, const Units& dh, Units& dc) {
  for (int j = 0; j < kUnits; ++j) {
    const LstmCell cell = {gates.i.v[j], gates.f.v[j], gates.g.v[j], gates.o.v[j], c.v[j], 0};
    const LstmCellGradient d = lstm_cell_gradient(cell, c_before.v[j], dh.v[j], dc.v[j]);
    gates.i.v[j] = d.i, gates.f.v[j] = d.f, gates.g.v[j] = d.g, gates.o.v[j] = d.o;
    dc.v[j] = d.c_before;
  }
}

/// Units at ... at + n - 1 of row r.
[[gnu::always_inline]] inline void cells(const LstmCells& p, int r, int at, int n) {
  const std::size_t state = static_cast<std::size_t>(r) * static_cast<std::size_t>(p.hidden) +
                            static_cast<std::size_t>(at);
  float* first = p.gates + 4 * (state - static_cast<std::size_t>(at)) + at;
  Gates gates;
  Units c, h;
  read(gates, first, p.hidden, n);
  read_or_zero(c, p.c_before ? p.c_before + state : nullptr, n);
  compute(gates, c, h);
  write(first, gates, p.hidden, n);
  write(p.c + state, c, n);
  if (p.h.data) write(p.h.row(r) + at, h, n);
  if (p.h_too.data) write(p.h_too.row(r) + at, h, n);
}

[[gnu::always_inline]] inline void cell_gradients(const LstmCellGradients& p, int r, int at,
                                                  int n) {
  const std::size_t state = static_cast<std::size_t>(r) * static_cast<std::size_t>(p.hidden) +
                            static_cast<std::size_t>(at);
  float* first = p.gates + 4 * (state - static_cast<std::size_t>(at)) + at;
  Gates gates;
  Units c_before, c, dh, after, dc;
  read(gates, first, p.hidden, n);
  read_or_zero(c_before, p.c_before ? p.c_before + state : nullptr, n);
  read(c, p.c + state, n);
  read_or_zero(dh, p.dy.data ? p.dy.row(r) + at : nullptr, n);
  read_or_zero(after, p.dh_after.data ? p.dh_after.row(r) + at : nullptr, n);
  read(dc, p.dc + state, n);
  for (int j = 0; j < kUnits; ++j) dh.v[j] += after.v[j];
  compute_gradients(gates, c_before, c, dh, dc);
  write(first, gates, p.hidden, n);
  write(p.dc + state, dc, n);
}

}  // namespace

MAPNET_CPU_LEVELS void lstm_cells(const LstmCells& p) {
  for (int r = 0; r < p.rows; ++r) {
    int at = 0;
    for (; at + kUnits <= p.hidden; at += kUnits) cells(p, r, at, kUnits);
    if (at < p.hidden) cells(p, r, at, p.hidden - at);
  }
}

MAPNET_CPU_LEVELS void lstm_cell_gradients(const LstmCellGradients& p) {
  for (int r = 0; r < p.rows; ++r) {
    int at = 0;
    for (; at + kUnits <= p.hidden; at += kUnits) cell_gradients(p, r, at, kUnits);
    if (at < p.hidden) cell_gradients(p, r, at, p.hidden - at);
  }
}

}  // namespace mapnet::cpu
