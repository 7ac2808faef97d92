#pragma once

#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

struct Adam {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};

struct AdamState {
  Vector m, v;  // first and second moments, empty before the first step
  int step = 0;
};

/// One step of torch.optim.AdamW, without weight decay torch.optim.Adam: eps outside the root, and
/// outside its bias correction.
inline void adam_step(Vector& x, View dx, AdamState& state, const Adam& adam) {
  require_size(dx.size(), x.size(), "adam dx");
  state.m.resize(x.size());
  state.v.resize(x.size());
  ++state.step;
  const double correction1 = 1 - std::pow(adam.beta1, state.step);
  const double correction2 = 1 - std::pow(adam.beta2, state.step);
  for (std::size_t i = 0; i < x.size(); ++i) {
    double &m = state.m[i], &v = state.v[i];
    m = adam.beta1 * m + (1 - adam.beta1) * dx[i];
    v = adam.beta2 * v + (1 - adam.beta2) * dx[i] * dx[i];
    x[i] *= 1 - adam.lr * adam.weight_decay;
    x[i] -= adam.lr * (m / correction1) / (std::sqrt(v / correction2) + adam.eps);
  }
}

}  // namespace mapnet::reference
