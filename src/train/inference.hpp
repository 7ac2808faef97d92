#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "device/program.hpp"
#include "device/tensor.hpp"
#include "nets/network.hpp"
#include "train/pixel_statistics.hpp"

namespace mapnet {

/// How a network is asked.
struct InferenceOptions {
  int batch = 1;  ///< inputs at a time, at most
  /// Inputs are 8-bit pixels and become x as these say. Empty: inputs are x itself, float32.
  PixelStatistics pixels = {};
  /// In int8 (nets/int8.hpp): what enters each weighted layer, as Session::calibrate gives it.
  /// Empty: in float32.
  std::vector<float> ranges = {};
};

/// A network with given weights in an arena of its own: inputs in, logits out, nothing to train.
class Inference {
 public:
  Inference(const Network& net, const InferenceOptions& options, std::shared_ptr<Device> device);

  /// theta [P], normalisations' gammas less 1 as everywhere; in int8 its weights are rounded here.
  /// state [state_count]. To be called before the first run.
  void set_weights(std::span<const float> theta, std::span<const float> state);

  int batch() const { return x_.n; }
  std::size_t input_size() const { return x_.features(); }
  std::size_t output_size() const { return y_.features(); }

  /// Inputs [count, C, H, W], 1 to `batch` of them, to logits [count, outputs], row-major. Throws
  /// Error for another number of either, and for inputs of the other kind.
  void run(std::span<const std::uint8_t> pixels, std::span<float> logits);
  void run(std::span<const float> inputs, std::span<float> logits);

  const Program& program() const { return *program_; }

 private:
  template <class T>
  void run_on(BufferId inputs, std::span<const T> values, std::span<float> logits);

  Network net_;
  Schedule schedule_;
  Tensor x_, y_;
  BufferId theta_ = kNoBuffer, state_ = kNoBuffer, control_ = kNoBuffer;
  BufferId pixels_ = kNoBuffer;  // uint8 [batch, C, H, W]; none where inputs are float32
  bool int8_;
  std::unique_ptr<Program> program_;
};

}  // namespace mapnet
