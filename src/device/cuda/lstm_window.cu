#include "device/cuda/launch.hpp"
#include "device/cuda/lstm_unit.cuh"

namespace mapnet::cuda {

namespace {

/// Thread (quarter q, unit j) of a block of 4 K keeps row q H + j of W_hh in registers and sums
/// that gate; quarter 0 then computes the cells. One sample a block: a batch is hundreds of
/// samples, and what counts is how long the T steps take, one behind the other.
template <int K>
__global__ void __launch_bounds__(4 * K)
    window_forward_kernel(LstmForward p, const float* weight_hh) {
  __shared__ float h[K], sums[4][K];
  const int q = static_cast<int>(threadIdx.x) / K, j = static_cast<int>(threadIdx.x) % K;
  const int gate = q * p.h + j, sample = static_cast<int>(blockIdx.x);
  const bool used = j < p.h;
  float weight[K];
#pragma unroll
  for (int k = 0; k < K; ++k) weight[k] = used && k < p.h ? weight_hh[gate * p.h + k] : 0.0f;
  const float bias = used ? p.bias_hh[gate] : 0.0f;
  const float* inputs = p.sums + 4 * row_of(p, sample, 0) + gate;
  float c = 0, next = used ? inputs[0] : 0.0f;
  if (q == 0) h[j] = 0;
  for (int t = 0; t < p.t; ++t) {
    __syncthreads();
    float sum = next + bias;
    if (used && t + 1 < p.t) next = inputs[4 * p.h * (t + 1)];  // while this step computes
#pragma unroll
    for (int k = 0; k < K; ++k) sum += weight[k] * h[k];
    sums[q][j] = sum;
    __syncthreads();
    if (q == 0 && used) {
      const LstmCell cell = lstm_cell(sums[0][j], sums[1][j], sums[2][j], sums[3][j], c);
      write_cell(p, sample, t, j, cell, h[j]);
      c = cell.c;
      h[j] = cell.h;
    }
  }
}

/// Its mirror: thread (q, j) keeps column j of rows q H ... q H + H - 1 and sums that quarter's
/// part of dh_j.
template <int K>
__global__ void __launch_bounds__(4 * K)
    window_backward_kernel(LstmBackward p, const float* weight_hh) {
  __shared__ float dsums[4][K], parts[4][K];
  const int q = static_cast<int>(threadIdx.x) / K, j = static_cast<int>(threadIdx.x) % K;
  const int sample = static_cast<int>(blockIdx.x);
  const bool used = j < p.h;
  float weight[K];
#pragma unroll
  for (int k = 0; k < K; ++k)
    weight[k] = used && k < p.h ? weight_hh[(q * p.h + k) * p.h + j] : 0.0f;
  float dc = 0;
  dsums[q][j] = 0;
  parts[q][j] = 0;
  for (int t = p.t - 1; t >= 0; --t) {
    __syncthreads();
    if (q == 0 && used) {
      const float dh = (parts[0][j] + parts[1][j]) + (parts[2][j] + parts[3][j]);
      const LstmCellGradient d = cell_gradient(p, sample, t, j, dh, dc);
      dc = d.c_before;
      dsums[0][j] = d.i;
      dsums[1][j] = d.f;
      dsums[2][j] = d.g;
      dsums[3][j] = d.o;
    }
    __syncthreads();
    float part = 0;
#pragma unroll
    for (int k = 0; k < K; ++k) part += weight[k] * dsums[q][k];
    parts[q][j] = part;
  }
}

}  // namespace

void lstm_window_forward(cudaStream_t stream, const LstmForward& p, const float* weight_hh) {
  const auto samples = static_cast<unsigned>(p.n);
  if (p.h <= 32)
    launch(stream, samples, 4 * 32, window_forward_kernel<32>, p, weight_hh);
  else
    launch(stream, samples, 4 * kMaxWindowUnits, window_forward_kernel<kMaxWindowUnits>, p,
           weight_hh);
}

void lstm_window_backward(cudaStream_t stream, const LstmBackward& p, const float* weight_hh) {
  const auto samples = static_cast<unsigned>(p.n);
  if (p.h <= 32)
    launch(stream, samples, 4 * 32, window_backward_kernel<32>, p, weight_hh);
  else
    launch(stream, samples, 4 * kMaxWindowUnits, window_backward_kernel<kMaxWindowUnits>, p,
           weight_hh);
}

}  // namespace mapnet::cuda
