#include "device/cuda/launch.hpp"
#include "device/cuda/lstm_unit.cuh"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

/// A unit a thread.
__global__ void step_forward_kernel(LstmForward p, int t, const float* recurrent, float* h_now,
                                    float* c_now) {
  const std::size_t at = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  const auto units = static_cast<std::size_t>(p.h);
  if (at >= static_cast<std::size_t>(p.n) * units) return;
  const int sample = static_cast<int>(at / units), j = static_cast<int>(at % units);
  const float* inputs = p.sums + 4 * row_of(p, sample, t) + j;
  const float* states = recurrent + 4 * (at - static_cast<std::size_t>(j)) + j;
  float sums[4];
  for (int q = 0; q < 4; ++q) {
    sums[q] = inputs[q * p.h] + p.bias_hh[q * p.h + j];
    if (t > 0) sums[q] += states[q * p.h];
  }
  const float h_before = t > 0 ? h_now[at] : 0.0f, c_before = t > 0 ? c_now[at] : 0.0f;
  const LstmCell cell = lstm_cell(sums[0], sums[1], sums[2], sums[3], c_before);
  write_cell(p, sample, t, j, cell, h_before);
  h_now[at] = cell.h;
  c_now[at] = cell.c;
}

__global__ void step_backward_kernel(LstmBackward p, int t, const float* dh, float* dc,
                                     float* dsums) {
  const std::size_t at = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  const auto units = static_cast<std::size_t>(p.h);
  if (at >= static_cast<std::size_t>(p.n) * units) return;
  const int sample = static_cast<int>(at / units), j = static_cast<int>(at % units);
  const bool last = t + 1 == p.t;
  const LstmCellGradient d =
      cell_gradient(p, sample, t, j, last ? 0.0f : dh[at], last ? 0.0f : dc[at]);
  dc[at] = d.c_before;
  float* to = dsums + 4 * (at - static_cast<std::size_t>(j)) + j;
  to[0] = d.i;
  to[p.h] = d.f;
  to[2 * p.h] = d.g;
  to[3 * p.h] = d.o;
}

unsigned blocks_of(int n, int h) {
  return blocks_for(static_cast<std::size_t>(n) * static_cast<std::size_t>(h), kThreads);
}

}  // namespace

void lstm_step_forward(cudaStream_t stream, const LstmForward& p, int t, const float* recurrent,
                       float* h_now, float* c_now) {
  launch(stream, blocks_of(p.n, p.h), kThreads, step_forward_kernel, p, t, recurrent, h_now, c_now);
}

void lstm_step_backward(cudaStream_t stream, const LstmBackward& p, int t, const float* dh,
                        float* dc, float* dsums) {
  launch(stream, blocks_of(p.n, p.h), kThreads, step_backward_kernel, p, t, dh, dc, dsums);
}

}  // namespace mapnet::cuda
