#pragma once

#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

/// One LSTM layer over x [N,T,I] from zero state, as torch.nn.LSTM defines it: weight_ih [4H,I],
/// weight_hh [4H,H], two biases [4H], gates in the order i, f, g, o. y [N,T,H], or [N,H] with
/// last_only.
struct Lstm {
  std::size_t n, t, i, h;
  bool last_only = false;

  std::size_t x_size() const { return n * t * i; }
  std::size_t y_size() const { return n * (last_only ? 1 : t) * h; }
};

struct LstmParams {
  Vector weight_ih, weight_hh, bias_ih, bias_hh;
};

/// Everything that happened: gates [N,T,4,H], c and h [N,T,H].
struct LstmHistory {
  Vector gates, c, h;
};

inline LstmHistory lstm_history(View x, const LstmParams& p, const Lstm& s) {
  require_size(x.size(), s.x_size(), "lstm x");
  require_size(p.weight_ih.size(), 4 * s.h * s.i, "lstm weight_ih");
  require_size(p.weight_hh.size(), 4 * s.h * s.h, "lstm weight_hh");
  require_size(p.bias_ih.size(), 4 * s.h, "lstm bias_ih");
  require_size(p.bias_hh.size(), 4 * s.h, "lstm bias_hh");
  LstmHistory past{Vector(s.n * s.t * 4 * s.h), Vector(s.n * s.t * s.h), Vector(s.n * s.t * s.h)};
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (std::size_t n = 0; n < s.n; ++n)
    for (std::size_t t = 0; t < s.t; ++t) {
      const std::size_t now = (n * s.t + t) * s.h, before = now - s.h;
      double* gates = past.gates.data() + 4 * now;
      for (std::size_t g = 0; g < 4 * s.h; ++g) {
        double sum = p.bias_ih[g] + p.bias_hh[g];
        for (std::size_t k = 0; k < s.i; ++k)
          sum += p.weight_ih[g * s.i + k] * x[(n * s.t + t) * s.i + k];
        for (std::size_t k = 0; t > 0 && k < s.h; ++k)
          sum += p.weight_hh[g * s.h + k] * past.h[before + k];
        gates[g] = g / s.h == 2 ? std::tanh(sum) : sigmoid(sum);
      }
      for (std::size_t j = 0; j < s.h; ++j) {
        const double c_before = t > 0 ? past.c[before + j] : 0;
        past.c[now + j] = gates[s.h + j] * c_before + gates[j] * gates[2 * s.h + j];
        past.h[now + j] = gates[3 * s.h + j] * std::tanh(past.c[now + j]);
      }
    }
  return past;
}

inline Vector lstm_forward(View x, const LstmParams& p, const Lstm& s) {
  const Vector h = lstm_history(x, p, s).h;
  if (!s.last_only) return h;
  Vector last;
  for (std::size_t n = 0; n < s.n; ++n)
    for (std::size_t j = 0; j < s.h; ++j) last.push_back(h[((n + 1) * s.t - 1) * s.h + j]);
  return last;
}

struct LstmGradient {
  Vector dx;
  LstmParams d;
};

inline LstmGradient lstm_backward(View dy, View x, const LstmParams& p, const Lstm& s) {
  require_size(dy.size(), s.y_size(), "lstm dy");
  const LstmHistory past = lstm_history(x, p, s);
  LstmGradient g{Vector(s.x_size()),
                 {Vector(p.weight_ih.size()), Vector(p.weight_hh.size()), Vector(p.bias_ih.size()),
                  Vector(p.bias_hh.size())}};
  for (std::size_t n = 0; n < s.n; ++n) {
    Vector dh(s.h), dc(s.h);  // by way of the step behind
    for (std::size_t t = s.t; t-- > 0;) {
      const std::size_t now = (n * s.t + t) * s.h, before = now - s.h;
      Vector dsum(4 * s.h);
      for (std::size_t j = 0; j < s.h; ++j) {
        if (!s.last_only)
          dh[j] += dy[now + j];
        else if (t + 1 == s.t)
          dh[j] += dy[n * s.h + j];
        const double i = past.gates[4 * now + j], f = past.gates[4 * now + s.h + j],
                     c_new = past.gates[4 * now + 2 * s.h + j],
                     o = past.gates[4 * now + 3 * s.h + j], bent = std::tanh(past.c[now + j]);
        const double c_before = t > 0 ? past.c[before + j] : 0;
        const double through = dc[j] + dh[j] * o * (1 - bent * bent);
        dsum[j] = through * c_new * i * (1 - i);
        dsum[s.h + j] = through * c_before * f * (1 - f);
        dsum[2 * s.h + j] = through * i * (1 - c_new * c_new);
        dsum[3 * s.h + j] = dh[j] * bent * o * (1 - o);
        dc[j] = through * f;
      }
      dh.assign(s.h, 0);
      for (std::size_t k = 0; k < 4 * s.h; ++k) {
        g.d.bias_ih[k] += dsum[k];
        g.d.bias_hh[k] += dsum[k];
        for (std::size_t i = 0; i < s.i; ++i) {
          g.d.weight_ih[k * s.i + i] += dsum[k] * x[(n * s.t + t) * s.i + i];
          g.dx[(n * s.t + t) * s.i + i] += dsum[k] * p.weight_ih[k * s.i + i];
        }
        for (std::size_t j = 0; j < s.h; ++j) {
          if (t > 0) g.d.weight_hh[k * s.h + j] += dsum[k] * past.h[before + j];
          dh[j] += dsum[k] * p.weight_hh[k * s.h + j];
        }
      }
    }
  }
  return g;
}

}  // namespace mapnet::reference
