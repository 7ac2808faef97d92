#include "device/cpu/row_epilogue.hpp"

namespace mapnet::cpu {

namespace {

template <Activation kind>
[[gnu::always_inline]] inline void activate_as(float* theta, float* kept_u, const float* u,
                                               const float* base, std::size_t n, float scale,
                                               float shift, float omega) {
  if (kept_u)
    for (std::size_t j = 0; j < n; ++j) kept_u[j] = u[j] + shift;
  for (std::size_t j = 0; j < n; ++j) theta[j] = scale * activate(kind, omega, u[j] + shift);
  if (base)
    for (std::size_t j = 0; j < n; ++j) theta[j] += base[j];
}

template <Activation kind>
[[gnu::always_inline]] inline void gradient_as(float* g, const float* dtheta, const float* u,
                                               std::size_t n, float scale, float omega) {
  for (std::size_t j = 0; j < n; ++j)
    g[j] = dtheta[j] * scale * activation_slope(kind, omega, u[j]);
}

}  // namespace

// The switch stands outside the loops so that each loop vectorises.
MAPNET_CPU_LEVELS void activate_rows(float* theta, float* kept_u, const float* u, const float* base,
                                     std::size_t n, float scale, float shift, Activation activation,
                                     float omega) {
  switch (activation) {
    case Activation::identity:
      return activate_as<Activation::identity>(theta, kept_u, u, base, n, scale, shift, omega);
    case Activation::tanh:
      return activate_as<Activation::tanh>(theta, kept_u, u, base, n, scale, shift, omega);
    case Activation::sine:
      return activate_as<Activation::sine>(theta, kept_u, u, base, n, scale, shift, omega);
  }
}

MAPNET_CPU_LEVELS void activation_gradient_rows(float* g, const float* dtheta, const float* u,
                                                std::size_t n, float scale, Activation activation,
                                                float omega) {
  switch (activation) {
    case Activation::identity:
      for (std::size_t j = 0; j < n; ++j) g[j] = dtheta[j] * scale;
      return;
    case Activation::tanh:
      return gradient_as<Activation::tanh>(g, dtheta, u, n, scale, omega);
    case Activation::sine:
      return gradient_as<Activation::sine>(g, dtheta, u, n, scale, omega);
  }
}

}  // namespace mapnet::cpu
