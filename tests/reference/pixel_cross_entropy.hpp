#pragma once

#include <algorithm>
#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

struct PixelCrossEntropy {
  double loss = 0;  // sum over the pixels that count
  Vector dlogits;   // [N,K,area], of their mean
  std::size_t correct = 0, scored = 0;
  std::vector<std::uint64_t> confusion;  // [K,K], label by prediction
};

/// Softmax cross-entropy of each pixel of logits [N,K,area] against labels [N,area], over those of
/// the first `count` images whose label is neither `ignore` nor K or more: torch's cross_entropy
/// with ignore_index, whose mean is over these.
inline PixelCrossEntropy pixel_cross_entropy(View logits, Labels labels, std::size_t classes,
                                             std::size_t area, std::size_t count, int ignore) {
  require_size(logits.size(), labels.size() * classes, "pixel_cross_entropy logits");
  const std::size_t images = labels.size() / area;
  PixelCrossEntropy result;
  result.dlogits.resize(logits.size());
  result.confusion.resize(classes * classes);
  const auto counts = [&](std::size_t i) {
    return i / area < count && int(labels[i]) != ignore && labels[i] < classes;
  };
  for (std::size_t i = 0; i < images * area; ++i) result.scored += counts(i);
  for (std::size_t i = 0; i < images * area; ++i) {
    if (!counts(i)) continue;
    const auto at = [&](std::size_t k) { return (i / area * classes + k) * area + i % area; };
    std::size_t best = 0;
    for (std::size_t k = 1; k < classes; ++k)
      if (logits[at(k)] > logits[at(best)]) best = k;
    double sum = 0;
    for (std::size_t k = 0; k < classes; ++k) sum += std::exp(logits[at(k)] - logits[at(best)]);
    const auto log_p = [&](std::size_t k) {
      return logits[at(k)] - logits[at(best)] - std::log(sum);
    };
    result.loss -= log_p(labels[i]);
    for (std::size_t k = 0; k < classes; ++k)
      result.dlogits[at(k)] =
          (std::exp(log_p(k)) - (k == labels[i] ? 1 : 0)) / static_cast<double>(result.scored);
    result.correct += best == labels[i];
    ++result.confusion[labels[i] * classes + best];
  }
  return result;
}

}  // namespace mapnet::reference
