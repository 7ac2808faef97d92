#pragma once

#include "device/communicator.hpp"
#include "device/schedule.hpp"
#include "train/recipe.hpp"
#include "train/sample_feed.hpp"

namespace mapnet {

struct Dataset;

/// Samples of each kind, as they follow one another in the arena and in the sample order.
struct SampleCounts {
  std::size_t train = 0, validation = 0, test = 0;
  bool chronological = false;    ///< the validation samples are the last before the test samples
  std::uint64_t split_seed = 0;  ///< by which the validation samples are drawn
  std::size_t total() const { return train + validation + test; }
};

/// Of the data set, the recipe's validation samples cut from those to train on. Throws UsageError
/// when there are none, or nothing is left to train on.
SampleCounts split_samples(const Recipe& recipe, const Dataset& dataset);

/// Batches of `batch` that hold n samples.
constexpr std::size_t batches_of(std::size_t n, int batch) {
  const auto size = static_cast<std::size_t>(batch);
  return (n + size - 1) / size;
}

/// Samples of a share of a batch that go through the network at a time.
int micro_batch_of(const Recipe& recipe, int ranks);

/// Samples of an evaluation's batch, of all ranks: as many as a training step has at a time.
int eval_batch_of(const Recipe& recipe, int ranks);

/// Steps of a whole training.
std::int64_t training_steps(const Recipe& recipe, const SampleCounts& counts);

/// What a schedule is for.
enum class Purpose {
  train,     ///< every phase that the recipe has a use for
  evaluate,  ///< all but train
  expand,    ///< setup, eval_begin: theta from the latents, no data
  sketch,    ///< setup, and train: dtheta = J^T v of a batch; direct alone, trains nothing
};

/// A run's schedule with the buffers its owner reads and writes. Building it takes no arena and no
/// data.
struct RunSchedule {
  explicit RunSchedule(Schedule on_device) : schedule(std::move(on_device)) {}

  Schedule schedule;
  BufferId control = kNoBuffer;        ///< StepControl
  BufferId loss = kNoBuffer;           ///< MappingLossState, where the recipe has one; train only
  BufferId train_batches = kNoBuffer;  ///< BatchInput [steps of an epoch]
  BufferId eval_batches = kNoBuffer;   ///< BatchInput [batches of all splits, one after another]
  BufferId value = kNoBuffer;          ///< what is trained: z [d], or theta itself [P]
  BufferId average = kNoBuffer;        ///< of `value` over the steps (--ema); train only
  BufferId theta = kNoBuffer;          ///< [P]; the same buffer as `value` for direct
  BufferId dtheta = kNoBuffer;         ///< [P], likewise; train only
  BufferId base = kNoBuffer;           ///< [P] fine-tuning: the pre-trained weights, its owner's to
                                       ///< fill
  BufferId gradient = kNoBuffer;       ///< of `value`, the same on every rank
  BufferId history = kNoBuffer;        ///< [refreshes, d]: the z of each round that is over; train
                                       ///< only, and where it takes less memory than theta
  BufferId map_base = kNoBuffer, map_round = kNoBuffer;  ///< that a refresh changes, with --refresh
  MapDesc map;         ///< of a learned map, which its owner writes into its places
  MapState map_state;  ///< likewise
  BufferId adam_m = kNoBuffer, adam_v = kNoBuffer;  ///< moments of `value`; train only
  BufferId pruned = kNoBuffer;  ///< bits [P] of the parameters held at zero, with --prune
  BufferId activation_ranges = kNoBuffer;  ///< a float a layer with weights, with --quantize
  BufferId state = kNoBuffer;          ///< [state_count]: running statistics, where the net has any
  BufferId state_average = kNoBuffer;  ///< of `state` over the steps, where `value` has one; an
                                       ///< averaged network's activations are others
  BufferId confusion = kNoBuffer;      ///< uint64 [K, K] of an evaluation, for a segmentation
  SampleFeed samples;                  ///< train, then validation, then test
  std::size_t n_values = 0, n_theta = 0;
  int micro_batch = 0;    ///< samples of a share of a batch that a pass takes
  bool in_parts = false;  ///< a training step has micro-batches: phases step_begin, micro_batch

  /// What an evaluation uses and a latent file holds: `value`, or its average where there is one.
  BufferId evaluated() const { return average == kNoBuffer ? value : average; }
  BufferId evaluated_state() const { return state_average == kNoBuffer ? state : state_average; }
};

/// The schedule for the recipe's device, of one of `ranks` with its share of each batch. Throws
/// Error where the device is missing.
RunSchedule build_run_schedule(const Recipe& recipe, const Network& net, const SampleCounts& counts,
                               const SampleFormat& format, Purpose purpose,
                               const std::shared_ptr<Communicator>& ranks = alone());

}  // namespace mapnet
