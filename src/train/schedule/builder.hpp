#pragma once

#include <optional>
#include <string>

#include "mapping/mapping_loss.hpp"
#include "nets/lower.hpp"
#include "train/generator.hpp"
#include "train/objective.hpp"
#include "train/run_schedule.hpp"

namespace mapnet {

/// Builds the phases of a run's schedule one after another; the members are what they share. setup
/// comes first, then each of the others that the purpose has a use for, a file each.
struct ScheduleBuilder {
  const Recipe& recipe;
  const Network& net;
  const SampleFormat& format;
  const std::shared_ptr<Communicator>& ranks;
  RunSchedule& run;
  Generator generator{run.schedule, recipe, net};
  std::optional<MappingLossSteps> loss_steps = {};

  void setup(const SampleCounts& counts, Purpose purpose);

  void train();
  /// Another map, theta kept (map_refresh.hpp).
  void refresh();
  /// Room for the z of every round but the last; a model of more values than theta stores theta.
  void keep_history(const SampleCounts& counts);
  /// J^T v of a batch for theta as it is: v ~ N(0, 1), another for each step.
  void sketch();
  void eval(Purpose purpose);

 private:
  Schedule& schedule() { return run.schedule; }
  bool direct() const { return generator.direct(); }
  NetBuffers reads(BufferId theta) const { return {theta, run.state, run.control}; }
  NetBuffers evaluation_reads(BufferId theta) const {
    return {theta, run.evaluated_state(), run.control};
  }
  BufferId persistent(const char* name, const char* group, std::size_t bytes) {
    return schedule().persistent_buffer(name, group, bytes);
  }
  BufferId floats(const char* name, const char* group, std::size_t n) {
    return schedule().buffer(name, group, n * sizeof(float));
  }

  void add_data(const SampleCounts& counts);
  /// Moves the averages towards what is trained and, where the net has any, its statistics.
  void average(const std::string& name);
  SampleFeed::Batch batch(const std::string& name, BufferId batches,
                          const AugmentDesc& augment = {});
  SampleFeed::Batch training_batch();
  Scored scored() const;
  ObjectiveDesc objective() const;
  /// The stability term (eq. 28): a second network from perturbed latents on the first samples of
  /// the batch. Its gradient joins dlogits; returns what reaches the latents through the second
  /// network [d].
  BufferId perturbed_pass(const SampleFeed::Batch& b, const Tensor& logits, const Tensor& dlogits);
  /// A gradient of n values, and where ranks exchange it room for its weight.
  BufferId gradient_buffer(const char* name, const char* group, std::size_t n, bool exchanged);
  /// From dtheta to the gradient of what is trained, with all terms of the loss.
  void value_gradient(BufferId perturbed_dz);
  /// What comes before the parts of a batch. The sum of their gradients is written here first, so
  /// that it keeps its place from one to the next.
  void begin_sums();
  /// Ranges of the float32 network's activations; then the network with its activations rounded to
  /// int8, whose theta the session has rounded.
  void eval_int8();
};

}  // namespace mapnet
