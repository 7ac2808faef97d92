#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "train/inference.hpp"
#include "train/pretrained.hpp"

namespace mapnet {

/// A classifier up to what enters its last, fully connected layer. Throws Error unless it ends in
/// one, behind a value of a number a feature.
Network without_head(const Network& classifier);

/// Turns pictures into features: a classifier without its head in an arena of its own, with given
/// weights and running statistics. Pixels are scaled with ImageNet's statistics, as torchvision
/// does it.
class FeatureNetwork {
 public:
  /// Reads the weights and plans for `batch` pictures at a time. Throws Error as read_pretrained
  /// does; its messages name `flag`.
  FeatureNetwork(const Network& classifier, const Pretrained& weights, int batch,
                 std::shared_ptr<Device> device, const char* flag);

  int batch() const { return inference_.batch(); }
  int channels() const { return net_.channels; }
  int height() const { return net_.height; }
  int width() const { return net_.width; }
  std::size_t picture_bytes() const { return inference_.input_size(); }
  std::size_t features() const { return static_cast<std::size_t>(net_.classes); }

  /// Pictures [count, C, H, W], at most `batch` of them, to features [count, features].
  void run(std::span<const std::uint8_t> pictures, std::span<float> out);

  std::size_t pictures_seen() const { return seen_; }
  const Program& program() const { return inference_.program(); }

 private:
  Network net_;
  Inference inference_;
  std::size_t seen_ = 0;
};

}  // namespace mapnet
