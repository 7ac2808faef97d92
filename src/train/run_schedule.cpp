#include "train/run_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "common/error.hpp"
#include "device/ops/adam.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/ema.hpp"
#include "device/ops/fake_quantize.hpp"
#include "device/ops/map_refresh.hpp"
#include "device/ops/mean_over_ranks.hpp"
#include "device/ops/micro_batch.hpp"
#include "device/ops/stability.hpp"
#include "device/ops/step_control.hpp"
#include "mapping/mapping_loss.hpp"
#include "nets/int8.hpp"
#include "nets/lower.hpp"
#include "train/generator.hpp"
#include "train/objective.hpp"
#include "train/rank_share.hpp"

namespace mapnet {

std::int64_t training_steps(const Recipe& recipe, const SampleCounts& counts) {
  return static_cast<std::int64_t>(batches_of(counts.train, recipe.batch)) * recipe.epochs;
}

int micro_batch_of(const Recipe& recipe, int ranks) {
  const int share = largest_share(recipe.batch, ranks), micro = recipe.footprint.micro_batch;
  return micro > 0 ? std::min(micro, share) : share;
}

int eval_batch_of(const Recipe& recipe, int ranks) {
  return std::min(recipe.batch, micro_batch_of(recipe, ranks) * ranks);
}

SampleCounts split_samples(const Recipe& recipe, const Dataset& dataset) {
  const std::size_t train = dataset.train.count;
  if (recipe.validation >= train)
    fail<UsageError>(
        "--validation sets {} of {} training samples aside; nothing is left to train on",
        recipe.validation, train);
  return {train - recipe.validation, recipe.validation, dataset.test.count,
          dataset.task == Task::forecast};
}

namespace {

/// Samples of a batch that go through the perturbed network too.
int stability_rows(const Recipe& recipe) {
  const double rows = recipe.loss.stability_fraction * recipe.batch;
  return std::clamp(static_cast<int>(std::lround(rows)), 1, recipe.batch);
}

/// Builds the phases one after another; the members are what they share.
struct Builder {
  const Recipe& recipe;
  const Network& net;
  const SampleFormat& format;
  const std::shared_ptr<Communicator>& ranks;
  RunSchedule& run;
  Generator generator{run.schedule, recipe, net};
  std::optional<MappingLossSteps> loss_steps = {};

  Schedule& schedule() { return run.schedule; }
  bool direct() const { return generator.direct(); }

  BufferId persistent(const char* name, const char* group, std::size_t bytes) {
    return schedule().persistent_buffer(name, group, bytes);
  }
  BufferId floats(const char* name, const char* group, std::size_t n) {
    return schedule().buffer(name, group, n * sizeof(float));
  }

  void add_data(const SampleCounts& counts) {
    const std::size_t at_hand = recipe.footprint.samples_in_file
                                    ? static_cast<std::size_t>(run.micro_batch)
                                    : counts.total();
    run.samples.add_buffers(schedule(), net, format, at_hand);
    run.train_batches = persistent("train_batches", "control",
                                   batches_of(counts.train, recipe.batch) * sizeof(BatchInput));
    std::size_t eval_batches = 0;
    for (const std::size_t n : {counts.train, counts.validation, counts.test})
      eval_batches += batches_of(n, eval_batch_of(recipe, ranks->size()));
    run.eval_batches = persistent("eval_batches", "control", eval_batches * sizeof(BatchInput));
  }

  void setup(const SampleCounts& counts, Purpose purpose) {
    run.n_theta = net.param_count();
    run.n_values = trainable_params(recipe, net);
    run.micro_batch = micro_batch_of(recipe, ranks->size());
    run.in_parts = run.micro_batch < largest_share(recipe.batch, ranks->size());
    if (generator.value_count() != run.n_values)
      fail("{} of {} is to train {} values; its schedule trains {}", default_run_name(recipe, net),
           net.name, run.n_values, generator.value_count());
    run.control = persistent("control", "control", sizeof(StepControl));
    if (purpose != Purpose::expand) add_data(counts);
    schedule().begin(Phase::setup);
    run.value = persistent(direct() ? "theta" : "latent", "trained", run.n_values * sizeof(float));
    generator.setup(run.value);
    if (net.state_count() > 0)
      run.state = persistent("state", "trained", net.state_count() * sizeof(float));
    run.pruned = generator.pruned();
    run.base = generator.pretrained();
    if (recipe.refresh.on()) {
      run.map_base = generator.map_state().base;
      run.map_round = generator.map_state().round;
    }
    if (generator.map().given) {
      run.map = generator.map();
      run.map_state = generator.map_state();
    }
    run.theta = direct() ? run.value : floats("theta", "theta", run.n_theta);
    if (purpose != Purpose::train) return;
    if (recipe.loss.any()) {
      run.loss = persistent("mapping_loss", "control", sizeof(MappingLossState));
      loss_steps.emplace(
          schedule(), generator.map(), generator.map_state(),
          MappingLossSteps::Terms{recipe.loss.smoothness.on, recipe.loss.alignment.on}, run.loss,
          run.control);
    }
    if (recipe.regularisation.ema > 0) {
      run.average = persistent("average", "trained", run.n_values * sizeof(float));
      average("average.init");  // the control block's first weight is 1: a copy
    }
  }

  void average(const char* name) {
    ema_step(schedule(), name, run.average, run.value, run.n_values, run.control);
  }

  SampleFeed::Batch batch(const std::string& name, BufferId batches,
                          const AugmentDesc& augment = {}) {
    next_batch(schedule(), name + ".next", batches, run.control);
    return run.samples.gather(schedule(), name, net, run.micro_batch, run.control, augment);
  }

  SampleFeed::Batch training_batch() {
    const AugmentDesc augment = recipe.regularisation.augment(recipe.seed);
    if (!run.in_parts) return batch("batch", run.train_batches, augment);
    next_micro_batch(schedule(), "batch.next", {run.micro_batch, recipe.footprint.samples_in_file},
                     run.train_batches, run.control);
    return run.samples.gather(schedule(), "batch", net, run.micro_batch, run.control, augment);
  }

  Scored scored() const { return net.task == Task::segment ? Scored::pixels : Scored::samples; }

  ObjectiveDesc objective() const {
    return {net.task, format.ignore, static_cast<float>(recipe.regularisation.label_smoothing)};
  }
  NetBuffers reads(BufferId theta) const { return {theta, run.state, run.control}; }

  /// The stability term (eq. 28): a second network from perturbed latents on the first samples of
  /// the batch. Its gradient joins dlogits; returns what reaches the latents through the second
  /// network [d].
  BufferId perturbed_pass(const SampleFeed::Batch& b, const Tensor& logits, const Tensor& dlogits) {
    const BufferId z = floats("perturbed.latent", "workspace", run.n_values);
    const BufferId theta = floats("perturbed.theta", "theta", run.n_theta);
    const BufferId dtheta = floats("perturbed.dtheta", "theta", run.n_theta);
    const BufferId dz = floats("perturbed.dlatent", "workspace", run.n_values);
    Generator second = generator.apart();
    perturb_latents(schedule(), "perturbed.latent", run.value, z, run.n_values,
                    static_cast<float>(recipe.loss.stability_std), recipe.seed, run.control);
    second.forward(z, theta, true);
    const Tensor x = b.x.images(0, stability_rows(recipe));
    const ForwardTrace trace = lower_forward(schedule(), net, x, reads(theta), Pass::train_apart);
    Tensor dperturbed = trace.logits;
    dperturbed.buffer = schedule().buffer("perturbed.dlogits", "activations", dperturbed.bytes());
    stability(schedule(), "stability", logits, trace.logits, run.loss, run.control, dlogits,
              dperturbed);
    lower_backward(schedule(), trace, dperturbed, dtheta,
                   {.recompute = recipe.footprint.recompute});
    second.mask("perturbed.prune", dtheta);
    second.backward(z, dtheta, dz);
    return dz;
  }

  /// A gradient of n values, and where ranks exchange it room for its weight.
  BufferId gradient_buffer(const char* name, const char* group, std::size_t n, bool exchanged) {
    return floats(name, group, n + (exchanged && !ranks->alone() ? 1 : 0));
  }

  /// From dtheta to the gradient of what is trained, with all terms of the loss.
  void value_gradient(BufferId perturbed_dz) {
    run.gradient = run.dtheta;
    if (direct()) return;
    run.gradient = gradient_buffer("dlatent", "trained", run.n_values, true);
    if (loss_steps) loss_steps->add_to_dtheta(schedule(), run.value, run.dtheta);
    generator.backward(run.value, run.dtheta, run.gradient);
    if (loss_steps) loss_steps->add_to_dz(schedule(), run.value, run.gradient);
    if (perturbed_dz != kNoBuffer)
      add_scaled(schedule(), "perturbed.add", run.gradient, perturbed_dz, 1.0f, run.n_values);
  }

  /// What comes before the parts of a batch. The sum of their gradients is written here first, so
  /// that it keeps its place from one to the next.
  void begin_sums() {
    schedule().begin(Phase::step_begin);
    generator.forward(run.value, run.theta, true);
    run.dtheta = gradient_buffer("dtheta", "theta", run.n_theta, direct());
    fill(schedule(), "dtheta.begin", run.dtheta, 0, run.n_theta);
  }

  void train() {
    const Regularisation& r = recipe.regularisation;
    run.adam_m = persistent("adam.m", "trained", run.n_values * sizeof(float));
    run.adam_v = persistent("adam.v", "trained", run.n_values * sizeof(float));
    if (run.in_parts) begin_sums();
    schedule().begin(run.in_parts ? Phase::micro_batch : Phase::train);
    const SampleFeed::Batch b = training_batch();
    if (!run.in_parts) generator.forward(run.value, run.theta, true);
    const ForwardTrace trace = lower_forward(schedule(), net, b.x, reads(run.theta), Pass::train);
    const Tensor dlogits =
        objective_backward(schedule(), objective(), trace.logits, b.targets, run.control);
    BufferId perturbed_dz = kNoBuffer;
    if (recipe.loss.stability.on) perturbed_dz = perturbed_pass(b, trace.logits, dlogits);
    if (!run.in_parts) run.dtheta = gradient_buffer("dtheta", "theta", run.n_theta, direct());
    const std::string first = generator.first_trained_layer();
    BackwardOptions backward = {.first = first, .recompute = recipe.footprint.recompute};
    if (run.in_parts) backward.accumulation = {scored(), run.control};
    lower_backward(schedule(), trace, dlogits, run.dtheta, backward);
    if (run.in_parts) {
      schedule().begin(Phase::train);
      end_micro_batches(schedule(), "batch.end", run.train_batches, run.control);
      average_parts(schedule(), "dtheta.average", run.dtheta, run.n_theta, scored(), run.control);
    }
    if (r.weight_decay_theta > 0)
      add_scaled(schedule(), "theta.decay", run.dtheta, run.theta,
                 static_cast<float>(r.weight_decay_theta), run.n_theta);
    generator.mask("dtheta.prune", run.dtheta);
    value_gradient(perturbed_dz);
    if (!ranks->alone())
      mean_over_ranks(schedule(), "exchange", run.gradient, run.n_values, scored(), run.control,
                      ranks);
    AdamDesc adam;
    adam.weight_decay = static_cast<float>(r.weight_decay);
    adam_step(schedule(), "adam", adam, run.value, run.adam_m, run.adam_v, run.gradient,
              run.n_values, run.control);
    if (run.average != kNoBuffer) average("average");
    if (loss_steps) lambda_step(schedule(), "lambdas", recipe.loss.mode, run.loss, run.control);
  }

  /// J^T v of a batch for theta as it is: v ~ N(0, 1), another for each step.
  void sketch() {
    schedule().begin(Phase::train);
    const SampleFeed::Batch b = batch("batch", run.train_batches);
    const ForwardTrace trace =
        lower_forward(schedule(), net, b.x, reads(run.theta), Pass::train_apart);
    Tensor v = trace.logits;
    v.channel_block = 1;
    const BufferId zero = persistent("sketch.zero", "workspace", v.bytes());
    v.buffer = schedule().buffer("sketch.v", "activations", v.bytes());
    v.offset = 0;
    perturb_latents(schedule(), "sketch.v", zero, v.buffer, v.padded_size(), 1.0f, recipe.seed,
                    run.control);
    run.dtheta = floats("dtheta", "theta", run.n_theta);
    lower_backward(schedule(), trace, v, run.dtheta, {.recompute = recipe.footprint.recompute});
    run.gradient = run.dtheta;
  }

  /// Room for the z of every round but the last; a model of more values than theta stores theta.
  void keep_history(const SampleCounts& counts) {
    const std::int64_t refreshes = recipe.refresh.count(training_steps(recipe, counts));
    const std::size_t rounds = recipe.init.refreshes + static_cast<std::size_t>(refreshes) + 1;
    if (rounds > kMaxRounds)
      fail<UsageError>("--refresh {} makes {} refreshes; expected less than {}",
                       recipe.refresh.every, refreshes, kMaxRounds);
    if (rounds > 1 && rounds * run.n_values <= run.n_theta)
      run.history =
          persistent("latent.history", "trained", (rounds - 1) * run.n_values * sizeof(float));
  }

  void refresh() {
    schedule().begin(Phase::refresh);
    generator.forward(run.value, run.theta, false);
    map_restart(schedule(), generator.map(), generator.map_state(),
                {run.theta, run.value, run.adam_m, run.adam_v, run.history});
    map_redraw(schedule(), generator.map(), generator.map_state());
  }

  void eval(Purpose purpose) {
    schedule().begin(Phase::eval_begin);
    generator.forward(run.evaluated(), run.theta, false);
    if (purpose == Purpose::expand) return;
    schedule().begin(Phase::eval);
    const SampleFeed::Batch b = batch("eval", run.eval_batches);
    const BufferId theta = direct() ? run.evaluated() : run.theta;
    if (net.task == Task::segment) {
      const auto classes = static_cast<std::size_t>(net.classes);
      run.confusion = persistent("confusion", "control", classes * classes * sizeof(std::uint64_t));
    }
    const ForwardTrace trace = lower_forward(schedule(), net, b.x, reads(theta), Pass::evaluate);
    objective_forward(schedule(), "eval.loss", objective(), trace.logits, b.targets, run.control,
                      run.confusion);
    if (recipe.add_ons.int8) eval_int8();
  }

  /// Ranges of the float32 network's activations; then the network with its activations rounded to
  /// int8, whose theta the session has rounded.
  void eval_int8() {
    run.activation_ranges =
        persistent("activation_ranges", "control", weighted_layers(net) * sizeof(float));
    std::size_t layer = 0;
    schedule().begin(Phase::calibrate);
    const SampleFeed::Batch seen = batch("calibrate", run.eval_batches);
    lower_forward(schedule(), net, seen.x, reads(run.theta), Pass::evaluate,
                  [&](const Layer& l, const Tensor& x) {
                    observe_range(schedule(), l.name + ".observe", x, run.activation_ranges,
                                  layer++);
                  });
    layer = 0;
    schedule().begin(Phase::eval_int8);
    const SampleFeed::Batch b = batch("int8", run.eval_batches);
    const ForwardTrace trace = lower_forward(schedule(), net, b.x, reads(run.theta), Pass::evaluate,
                                             [&](const Layer& l, const Tensor& x) {
                                               fake_quantize(schedule(), l.name + ".int8", x,
                                                             run.activation_ranges, layer++);
                                             });
    objective_forward(schedule(), "int8.loss", objective(), trace.logits, b.targets, run.control,
                      run.confusion);
  }
};

}  // namespace

RunSchedule build_run_schedule(const Recipe& recipe, const Network& net, const SampleCounts& counts,
                               const SampleFormat& format, Purpose purpose,
                               const std::shared_ptr<Communicator>& ranks) {
  RunSchedule run{Schedule(open_device(recipe, ranks->local_rank()))};
  Builder builder{recipe, net, format, ranks, run};
  builder.setup(counts, purpose);
  if (purpose == Purpose::train) {
    builder.keep_history(counts);
    builder.train();
  }
  if (purpose == Purpose::sketch) {
    builder.sketch();
    return run;
  }
  if (recipe.refresh.on()) builder.refresh();
  builder.eval(purpose);
  return run;
}

}  // namespace mapnet
