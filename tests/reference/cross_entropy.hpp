#pragma once

#include <algorithm>
#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

struct CrossEntropy {
  double loss;          // mean over the real rows
  Vector dlogits;       // [N,K], zero in the padding rows
  std::size_t correct;  // real rows whose first largest logit is the label's
};

/// Softmax cross-entropy of logits [N,K]. The last batch of an epoch is padded to N rows: only the
/// first `count` are real, and neither the logits nor the labels of the others are read. With label
/// smoothing e the target is (1 - e) onehot + e / K, as torch.nn.CrossEntropyLoss defines it.
inline CrossEntropy cross_entropy(View logits, Labels labels, std::size_t classes,
                                  std::size_t count, double smoothing = 0) {
  require_size(logits.size() % classes, 0, "cross_entropy: logits left over by whole rows");
  if (count == 0 || count > logits.size() / classes || count > labels.size())
    throw std::invalid_argument("cross_entropy: count must be 1 to N");
  const double rows = static_cast<double>(count);
  CrossEntropy result{0, Vector(logits.size()), 0};
  for (std::size_t n = 0; n < count; ++n) {
    const View row = logits.subspan(n * classes, classes);
    const std::size_t label = labels[n];
    if (label >= classes) throw std::invalid_argument("cross_entropy: label out of range");

    // Shifted by the largest logit every exponential is at most 1 and one of them is 1: the sum
    // neither overflows nor vanishes, however large the logits.
    const auto largest = std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const double logit : row) sum += std::exp(logit - *largest);

    for (std::size_t k = 0; k < classes; ++k) {
      const double target =
          (1 - smoothing) * (k == label ? 1 : 0) + smoothing / static_cast<double>(classes);
      const double log_p = row[k] - *largest - std::log(sum);
      if (target != 0) result.loss -= target * log_p / rows;
      result.dlogits[n * classes + k] = (std::exp(log_p) - target) / rows;
    }
    result.correct += static_cast<std::size_t>(largest - row.begin()) == label;
  }
  return result;
}

}  // namespace mapnet::reference
