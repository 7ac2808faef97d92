#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/dataset.hpp"
#include "data/sample_file.hpp"
#include "device/communicator.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/step_control.hpp"
#include "device/program.hpp"
#include "train/decode_ahead.hpp"
#include "train/maps/learned_map_facts.hpp"
#include "train/metrics.hpp"
#include "train/pixel_statistics.hpp"
#include "train/rank_share.hpp"
#include "train/run_schedule.hpp"
#include "train/training_state.hpp"

namespace mapnet {

class LearnedBasis;

enum class Split { train, validation, test };

/// What there is to say about a series beside a forecast of it.
struct SeriesFacts {
  /// Of repeating the last value, over each split's samples.
  double persistence_mse_train = 0, persistence_mse_validation = 0, persistence_mse_test = 0;
  std::size_t missing = 0;  ///< rows that were filled in
  double target_range = 0;  ///< a forecast's error times this is in the data's own units
};

/// The means of what the control block has summed up.
Metrics metrics_of(const StepControl& sums);

/// What a schedule needs to know of a data set's samples.
SampleFormat sample_format(const Dataset& dataset);

/// A planned run in its arena: data loaded, maps built, ready to train or evaluate. Between the
/// steps it allocates nothing, once all pictures are decoded.
///
/// Pictures are decoded while training begins: a step waits for its own samples alone. Other data
/// is read before the first step.
///
/// With --samples file they are all in a temporary file, and a pass reads its own from there.
///
/// Of several ranks each has a session, with its share of every batch. They train the same values
/// from the same gradient, and give the same metrics, which are of all shares: what computes any is
/// called by all of them together. Running statistics of normalisations are each rank's own between
/// evaluations and checkpoints, where they become their mean.
class Session {
 public:
  using Planner = std::function<Plan(std::vector<Lifetime>)>;

  /// Plans, allocates the arena and runs the setup phase. Throws UsageError when the validation
  /// split leaves nothing to train on. `planner`: a test runs with plan_arena_without_reuse and
  /// wants the same bits; a run looks at the plan before there is an arena.
  Session(const Recipe& recipe, const Network& net, const Dataset& dataset, Purpose purpose,
          const Planner& planner = plan_arena, std::shared_ptr<Communicator> ranks = alone());
  ~Session();

  /// Called between steps with the steps done and the sums so far, of this rank's shares: after
  /// each on a CPU, now and then on a GPU, which is not waited for.
  using Progress = std::function<void(std::int64_t step, const StepControl& sums)>;

  /// One pass over the training samples: begin_epoch and finish_epoch. Returns the running metrics
  /// of the pass.
  Metrics train_epoch(int epoch, const Progress& progress = {});

  /// The steps of the epoch last begun that are not yet done. `after_step` is called after each,
  /// when training_state() may be taken; what it throws ends the pass.
  Metrics finish_epoch(const Progress& progress = {}, const std::function<void()>& after_step = {});

  /// One step of the epoch last begun, `index` within it. A GPU is only asked to.
  void begin_epoch(int epoch);
  void train_step(std::int64_t index);

  /// Where the training stands, behind a step or a begun epoch, not behind an evaluation; and back
  /// to there, in a new session of the same recipe and data: what follows has the same bits. Throws
  /// Error saying what differs where they are not the same.
  TrainingState training_state();
  void restore(const TrainingState& state);

  /// Ends the round: theta stays, z begins again at zero on another map. A training run does so by
  /// itself where its recipe says; a stored model's rounds are gone through again.
  void refresh();
  std::size_t refreshes() const { return refreshes_; }

  /// Metrics of the present values over a whole split.
  Metrics evaluate(Split split);

  /// The same of the network in int8 (nets/int8.hpp), its activations' ranges taken from the first
  /// 1,024 training samples. Only with --quantize int8.
  Metrics evaluate_int8(Split split);

  /// The largest magnitude that enters each weighted layer of the float32 network over those
  /// samples: [weighted layers, in order]. Only with --quantize int8.
  std::vector<float> calibrate();

  /// z -> theta into the theta buffer.
  void expand() const { program_->run(Phase::eval_begin); }

  // Copies from the device, behind all steps so far.
  std::vector<float> values() const;            ///< what is trained
  std::vector<float> evaluated_values() const;  ///< the same, or its average where that is kept
  std::vector<float> theta() const;
  /// theta as an evaluation of the present values would use it, into [P] floats: between any two
  /// steps, which it changes nothing for.
  void read_evaluated_theta(std::span<float> out) const;
  std::vector<float> dtheta() const;
  std::vector<float> gradient() const;
  StepControl control() const;
  std::vector<float> state() const;               ///< [state_count]: running statistics
  std::vector<float> evaluated_state() const;     ///< the same, or their average where that is kept
  void set_state(std::span<const float> values);  ///< and their average
  MappingLossState mapping_loss() const;          ///< all off where the recipe has none
  void set_values(std::span<const float> values);  ///< and their average

  /// The z of every round, one after another, the present one last: [refreshes + 1, d]. Empty where
  /// the schedule had no room for them: they are more than theta.
  std::vector<float> rounds() const;

  /// With --prune: chooses which parameters are removed, once, when at least the steps before the
  /// pruning are done. Called with the steps done so far.
  void prune_if_due(std::int64_t step);
  /// Which parameters are zero, bits as device/ops/prune.hpp reads them; empty before the pruning.
  const std::vector<std::uint32_t>& pruned() const { return pruned_; }
  void set_pruned(std::vector<std::uint32_t> bits);

  /// What the run's learned map is; all zero where it has none.
  const LearnedMapFacts& learned_map() const { return learned_map_; }

  /// Throws Error where the learned map has another checksum; `way_on`: what can be done then.
  void require_map(std::uint32_t checksum, std::string_view way_on) const;

  std::int64_t steps_per_epoch() const;
  const SampleCounts& counts() const { return counts_; }
  const Program& program() const { return *program_; }
  const RunSchedule& run_schedule() const { return run_; }
  const PixelStatistics& pixels() const { return pixels_; }
  void set_pixels(const PixelStatistics& pixels);
  const SeriesFacts& series() const { return series_; }
  /// Waits until all pictures are decoded, so that nothing but steps takes time.
  void finish_loading() { prepare(0, counts_.total()); }
  /// What decoding cost so far; nothing of data without pictures.
  DecodeTimes decode_times() const { return decoder_ ? decoder_->times() : decode_times_; }
  double learning_rate_at(std::int64_t step) const;

 private:
  void load(const Dataset& dataset, Purpose purpose);
  void load_inputs(const Dataset& dataset, Purpose purpose);
  void load_pictures(const Dataset& dataset, Purpose purpose);
  void load_into_file(const Dataset& dataset);
  void prepare(std::size_t begin, std::size_t end);
  void load_series(const Dataset& dataset);
  void load_features(const Dataset& dataset);
  void load_images(const Dataset& dataset);
  void load_labels(const Dataset& dataset);
  void load_pretrained(const Network& net, BufferId into);
  void begin_state();
  void write_eval_batches();
  void add_batches(std::vector<BatchInput>& batches, std::size_t first, std::size_t n,
                   int batch) const;
  void read_window(std::size_t first, std::size_t count);
  void run_parts(std::int64_t index);
  void write_order() const;
  RankShare eval_share(std::size_t index) const;
  void restart(std::int64_t next);
  StepControl totals() const;
  void share_state();
  void begin_mapping_loss();
  void clear_mapping_loss();
  void load_map();
  void learn_map_again();
  void write(const StepControl& control) const;
  struct Carried {
    const char* name;
    BufferId buffer;
  };
  std::vector<Carried> carried() const;
  void require_buffers(const TrainingState& state) const;
  void require_data(const TrainingState& state) const;
  struct Batches {
    std::int64_t begin, end;  ///< in run_.eval_batches
  };
  void prepare(Split split);
  Batches batches_of_split(Split split) const;
  int eval_batch() const { return eval_batch_of(recipe_, ranks_->size()); }
  Metrics walk(Phase phase, std::int64_t begin, std::int64_t end);
  std::int64_t pruning_step() const;

  Recipe recipe_;
  Network net_;
  SampleCounts counts_;
  std::shared_ptr<Communicator> ranks_;
  RunSchedule run_;
  std::optional<Dataset> learned_from_;  // where a learned map is learned again
  std::unique_ptr<LearnedBasis> basis_;  // of a learned map, until it is where its steps read it
  LearnedMapFacts learned_map_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<SampleFile> file_;      // with --samples file
  std::vector<std::uint8_t> window_;      // of it, on its way to a GPU
  std::unique_ptr<DecodeAhead> decoder_;  // until all pictures are decoded
  DecodeTimes decode_times_;              // of it, once it is gone
  PixelStatistics pixels_;
  std::uint32_t series_checksum_ = 0;  // of the values of a series or of features
  std::uint32_t labels_checksum_ = 0;  // of pictures those of the samples that are measured
  SeriesFacts series_;
  std::vector<std::uint32_t> pruned_;
  std::vector<std::uint32_t> order_;  // of the epoch last begun, as the device has it
  int epoch_ = 0;                     // last begun
  std::size_t refreshes_ = 0;
  bool state_shared_ = true;  // running statistics are the same on every rank
  std::int64_t next_ = 0;     // what the device's control.next is, or -1: an evaluation's
};

}  // namespace mapnet
