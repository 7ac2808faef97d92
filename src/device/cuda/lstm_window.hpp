#pragma once

#include <cuda_runtime.h>

/// The recurrent part of an LSTM layer. Before it, one product has made the inputs' part of all
/// gates' sums; behind its mirror, products over all samples and steps make the weights' gradients.
namespace mapnet::cuda {

/// Sizes and places of a forward pass.
struct LstmForward {
  int n, t, h;
  bool last_only;
  const float* sums;     ///< [N, T, 4H]: W_ih x + b_ih
  const float* bias_hh;  ///< [4H]
  /// [N, T, 4H], [N, T, H] and [N, T, H] (the output of the step before), or null where not kept.
  float *gates = nullptr, *c = nullptr, *h_before = nullptr;
  float* y = nullptr;
};

/// And of a backward pass.
struct LstmBackward {
  int n, t, h;
  bool last_only;
  float* gates;    ///< [N, T, 4H]; become the gradients of the gates' sums
  const float* c;  ///< [N, T, H]
  const float* dy;
};

/// Widest layer whose weights fit the registers of a block: W_hh [4H, H], a row a thread.
inline constexpr int kMaxWindowUnits = 64;

// A sample a block, which walks all steps: one launch, for up to kMaxWindowUnits units.
void lstm_window_forward(cudaStream_t stream, const LstmForward& p, const float* weight_hh);
void lstm_window_backward(cudaStream_t stream, const LstmBackward& p, const float* weight_hh);

/// Step t of all samples. recurrent [N, 4H] = W_hh h of the step before; at the first it is not
/// read. h_now and c_now [N, H] pass from step to step.
void lstm_step_forward(cudaStream_t stream, const LstmForward& p, int t, const float* recurrent,
                       float* h_now, float* c_now);

/// Its mirror. dh [N, H] = what the step behind sends, not read at the last; dc [N, H] passes from
/// step to step; dsums [N, 4H] receives what the gates do.
void lstm_step_backward(cudaStream_t stream, const LstmBackward& p, int t, const float* dh,
                        float* dc, float* dsums);

}  // namespace mapnet::cuda
