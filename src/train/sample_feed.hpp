#pragma once

#include <cstddef>
#include <string>

#include "device/ops/augment.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"
#include "nets/network.hpp"

namespace mapnet {

/// What a data set's samples are, as far as a schedule needs to know.
struct SampleFormat {
  bool floats = false;       ///< float32 values; else 8-bit images
  std::size_t n_values = 0;  ///< of floats: all there are
  std::size_t labels = 1;    ///< bytes of labels a sample; 0: its target is a value
  int ignore = -1;           ///< label that counts nowhere
};

/// A data set in the arena and the steps that take batches from it.
class SampleFeed {
 public:
  /// Plans the buffers for `n` samples: all there are, or those that a step takes, which its owner
  /// puts there. None for a schedule without data.
  void add_buffers(Schedule& schedule, const Network& net, const SampleFormat& format,
                   std::size_t n);

  struct Batch {
    Tensor x;  ///< [batch, C, H, W]
    BufferId
        targets;  ///< int32 [batch], uint8 [batch, H, W] or float [batch], by the network's task
  };

  /// Adds the step that gathers the batch that control.now is about, of at most `batch` samples.
  Batch gather(Schedule& schedule, const std::string& name, const Network& net, int batch,
               BufferId control, const AugmentDesc& augment = {}) const;

  BufferId values = kNoBuffer;  ///< uint8 [n, C, H, W], or all float32 values
  BufferId labels = kNoBuffer;  ///< uint8 [n, labels a sample]
  BufferId order = kNoBuffer;  ///< uint32 [n]: the sample at each position: train, validation, test
  std::size_t n = 0;           ///< samples there is room for
  std::size_t sample_bytes = 0;  ///< pixels of one; of floats none

 private:
  SampleFormat format_;
};

}  // namespace mapnet
