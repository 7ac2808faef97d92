#pragma once

#include "device/host_device.hpp"
#include "device/math.hpp"

/// The arithmetic of one LSTM unit: what both devices compute, to the same bits.
namespace mapnet {

/// One unit at one step: its gates, state and output.
struct LstmCell {
  float i, f, g, o, c, h;
};

/// e^-|x|, for |x| above 60 that of 60: within (0, 1], and 1 + it within [1, 2]. Absolute error
/// below 2e-7, in half the operations of math::exp, whose error is small beside any value.
MAPNET_HOST_DEVICE inline float lstm_decay(float x) {
  const float size = x < 0 ? -x : x;
  const float y = (size > 60.0f ? 60.0f : size) * -1.44269504088896341f;  // 2^y
  const float shifted = y + 12582912.0f;  // 1.5 * 2^23: the integer next to y in its low bits
  const float r = y - (shifted - 12582912.0f);
  float p = 1.32647273e-3f;  // 2^r for |r| <= 1/2, 1 at 0, within 1.1e-7 of itself
  p = p * r + 9.67151299e-3f;
  p = p * r + 5.55073358e-2f;
  p = p * r + 2.40222424e-1f;
  p = p * r + 6.93147004e-1f;
  p = p * r + 1.0f;
  return math::bits_to_float(math::float_to_bits(p) + (math::float_to_bits(shifted) << 23));
}

/// Hyperbolic tangent; absolute error below 2e-7, in half the operations of math::tanh, which is
/// exact also relative to a small value.
MAPNET_HOST_DEVICE inline float lstm_tanh(float x) {
  const float e = lstm_decay(2.0f * x);
  const float y = (1.0f - e) / (1.0f + e);
  return x < 0 ? -y : y;
}

/// From the gates' sums (`sum_*`) and the state before. The gates' four divisions, whose
/// denominators lie within [1, 2], are made of the reciprocal of their product. Each gate's
/// absolute error is below 3e-7; what is not a number stays so.
MAPNET_HOST_DEVICE inline LstmCell lstm_cell(float sum_i, float sum_f, float sum_g, float sum_o,
                                             float c_before) {
  const float ei = lstm_decay(sum_i), ef = lstm_decay(sum_f), eg = lstm_decay(2.0f * sum_g),
              eo = lstm_decay(sum_o);
  const float i_f = (1.0f + ei) * (1.0f + ef), g_o = (1.0f + eg) * (1.0f + eo);
  const float reciprocal = 1.0f / (i_f * g_o);
  const float of_i_f = reciprocal * g_o, of_g_o = reciprocal * i_f;
  const float g = (1.0f - eg) * (of_g_o * (1.0f + eo));
  LstmCell cell;
  cell.i = (sum_i < 0 ? ei : 1.0f) * (of_i_f * (1.0f + ef));
  cell.f = (sum_f < 0 ? ef : 1.0f) * (of_i_f * (1.0f + ei));
  cell.g = sum_g < 0 ? -g : g;
  cell.o = (sum_o < 0 ? eo : 1.0f) * (of_g_o * (1.0f + eg));
  cell.c = cell.f * c_before + cell.i * cell.g;
  cell.h = cell.o * lstm_tanh(cell.c);
  return cell;
}

/// Gradients with respect to the gates' sums and the state before.
struct LstmCellGradient {
  float i, f, g, o, c_before;
};

/// `cell` but for h, which is not read; dh and dc: with respect to its output, and to its state by
/// way of the next step.
MAPNET_HOST_DEVICE inline LstmCellGradient lstm_cell_gradient(const LstmCell& cell, float c_before,
                                                              float dh, float dc) {
  const float bent = lstm_tanh(cell.c);
  const float through = dc + dh * cell.o * (1.0f - bent * bent);
  LstmCellGradient d;
  d.i = through * cell.g * (cell.i * (1.0f - cell.i));
  d.f = through * c_before * (cell.f * (1.0f - cell.f));
  d.g = through * cell.i * (1.0f - cell.g * cell.g);
  d.o = dh * bent * (cell.o * (1.0f - cell.o));
  d.c_before = through * cell.f;
  return d;
}

}  // namespace mapnet
