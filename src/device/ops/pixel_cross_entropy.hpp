#pragma once

#include <cstdint>
#include <string>

#include "device/host_device.hpp"
#include "device/math.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Softmax cross-entropy of each pixel (segmentation).
struct PixelCrossEntropyDesc {
  int ignore = -1;  ///< pixels of this label count nowhere; -1: none
};

/// Whether a pixel of this label counts. One of no class never does: it could not be scored.
MAPNET_HOST_DEVICE inline bool pixel_counts(const PixelCrossEntropyDesc& desc, int label,
                                            int classes) {
  return label != desc.ignore && label < classes;
}

/// What W pixels next to each other come to.
template <int W>
struct PixelRow {
  float loss[W];  ///< where a pixel counts, of its label: -log softmax; else 0
  int best[W];    ///< the first of the largest logits; a class, whatever the logits are
};

/// W pixels of logits, x [classes, W] in steps of `stride` floats from class to class; label [W] is
/// negative where a pixel does not count. With kGradient sets dx, in the same steps, to weight *
/// (softmax - onehot(label)), 0 where a pixel does not count. Loops over pixels are innermost, so
/// that a CPU does W at once; a GPU's thread has one.
template <int W, bool kGradient>
MAPNET_HOST_DEVICE inline void pixel_cross_entropy_row(PixelRow<W>& row, float* dx, const float* x,
                                                       std::size_t stride, int classes,
                                                       const int* label, float weight) {
  float most[W], sum[W], of_label[W];
  for (int i = 0; i < W; ++i) {
    row.best[i] = 0;
    most[i] = of_label[i] = x[i];
    sum[i] = 0;
  }
  for (int k = 1; k < classes; ++k)
    for (int i = 0; i < W; ++i) {
      const float v = x[static_cast<std::size_t>(k) * stride + static_cast<std::size_t>(i)];
      row.best[i] = v > most[i] ? k : row.best[i];
      most[i] = v > most[i] ? v : most[i];
      of_label[i] = k == label[i] ? v : of_label[i];
    }
  for (int k = 0; k < classes; ++k)
    for (int i = 0; i < W; ++i) {
      const float shifted =
          x[static_cast<std::size_t>(k) * stride + static_cast<std::size_t>(i)] - most[i];
      const float e = math::exp(shifted < -80.0f ? -80.0f : shifted);
      sum[i] += e;
      if constexpr (kGradient)
        dx[static_cast<std::size_t>(k) * stride + static_cast<std::size_t>(i)] = e;
    }
  for (int i = 0; i < W; ++i) {
    const float loss = math::log(sum[i]) - (of_label[i] - most[i]);
    // The logarithm of NaN is some number: a loss must not hide that a logit is none.
    const float shown = sum[i] == sum[i] ? loss : sum[i];
    row.loss[i] = label[i] < 0 ? 0.0f : shown;
  }
  if constexpr (kGradient) {
    float scale[W];
    for (int i = 0; i < W; ++i) scale[i] = weight / sum[i];
    for (int k = 0; k < classes; ++k)
      for (int i = 0; i < W; ++i) {
        float& d = dx[static_cast<std::size_t>(k) * stride + static_cast<std::size_t>(i)];
        const float gradient = d * scale[i] - (k == label[i] ? weight : 0.0f);
        d = label[i] < 0 ? 0.0f : gradient;
      }
  }
}

/// Adds the steps that add to the control block's sums, over the first control.now.count images:
/// loss_sum and correct over the pixels that count (labels of neither `ignore` nor no class),
/// `scored` their number, `seen` the images. logits [N, K, H, W], K at most 256; labels uint8
/// [N, H, W].
/// Where `dlogits` has a buffer (shape and layout of logits; Error otherwise) sets it to the
/// gradient of the mean loss over those pixels, zero elsewhere. Where `confusion` is a buffer adds
/// to its uint64 [K, K] at (label, arg-max) one a pixel. The first of equal logits is the arg-max.
void pixel_cross_entropy(Schedule& schedule, const std::string& name,
                         const PixelCrossEntropyDesc& desc, const Tensor& logits, BufferId labels,
                         BufferId control, const Tensor& dlogits, BufferId confusion);

/// Throws Error where the tensors are not as pixel_cross_entropy wants them.
void require_pixel_logits(const std::string& name, const Tensor& logits, const Tensor& dlogits);

}  // namespace mapnet
