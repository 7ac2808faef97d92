#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// A parameter tensor of a fine-tuned network (eq. 25). share 0: frozen.
struct Shared {
  std::size_t offset, size;  // in theta
  std::size_t first_output;
  std::size_t share;  // L
  double alpha;

  std::size_t output_of(std::size_t j) const { return first_output + j / share; }
};

/// theta_j = base_j + alpha o_i, i the output whose L weights hold j.
inline Vector share_forward(const std::vector<Shared>& tensors, View base, View outputs) {
  Vector theta(base.begin(), base.end());
  for (const Shared& t : tensors)
    for (std::size_t j = 0; t.share > 0 && j < t.size; ++j)
      theta.at(t.offset + j) += t.alpha * outputs[t.output_of(j)];
  return theta;
}

/// dtheta [P] -> do [n_outputs].
inline Vector share_backward(const std::vector<Shared>& tensors, View dtheta,
                             std::size_t n_outputs) {
  Vector doutputs(n_outputs);
  for (const Shared& t : tensors)
    for (std::size_t j = 0; t.share > 0 && j < t.size; ++j)
      doutputs.at(t.output_of(j)) += t.alpha * dtheta[t.offset + j];
  return doutputs;
}

}  // namespace mapnet::reference
