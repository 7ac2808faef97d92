#include "train/run_schedule.hpp"

#include "common/error.hpp"
#include "device/ops/adam.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/fake_quantize.hpp"
#include "device/ops/prune.hpp"
#include "device/ops/step_control.hpp"
#include "nets/int8.hpp"
#include "nets/lower.hpp"

namespace mapnet {

SampleCounts split_samples(const Recipe& recipe, std::size_t train, std::size_t test) {
  if (recipe.validation >= train)
    fail<UsageError>(
        "--validation sets {} of {} training samples aside; nothing is left to train on",
        recipe.validation, train);
  return {train - recipe.validation, recipe.validation, test};
}

namespace {

/// Builds the phases one after another; the members are what they share.
struct Builder {
  const Recipe& recipe;
  const Network& net;
  RunSchedule run;
  MapDesc map = {};
  MapState map_state = {};

  Schedule& schedule() { return run.schedule; }
  bool direct() const { return recipe.mapping.strategy == Strategy::direct; }

  BufferId persistent(const char* name, const char* group, std::size_t bytes) {
    return schedule().persistent_buffer(name, group, bytes);
  }

  void setup(const SampleCounts& counts, Purpose purpose) {
    run.n_theta = net.param_count();
    run.n_values = trainable_params(recipe, net);
    run.control = persistent("control", "control", sizeof(StepControl));
    if (purpose != Purpose::expand) {
      const std::size_t n = counts.total();
      const auto pixels = static_cast<std::size_t>(net.channels * net.height * net.width);
      run.samples.images = persistent("images", "data", n * pixels);
      run.samples.labels = persistent("labels", "data", n);
      run.samples.order = persistent("order", "data", n * sizeof(std::uint32_t));
      const auto batches = [&](std::size_t samples) { return batches_of(samples, recipe.batch); };
      run.train_batches =
          persistent("train_batches", "control", batches(counts.train) * sizeof(BatchInput));
      run.eval_batches =
          persistent("eval_batches", "control",
                     (batches(counts.train) + batches(counts.validation) + batches(counts.test)) *
                         sizeof(BatchInput));
    }
    if (recipe.add_ons.pruning.on())
      run.pruned =
          persistent("pruned", "trained", pruned_words(run.n_theta) * sizeof(std::uint32_t));
    schedule().begin(Phase::setup);
    run.value = persistent(direct() ? "theta" : "latent", "trained", run.n_values * sizeof(float));
    if (direct()) {
      run.theta = run.value;
      fill_normal(schedule(), "theta.init", run.value, run.n_values, recipe.seed,
                  Stream::latent_init, 1.0f, he_scales(net));
    } else {
      map = make_map(net, recipe.mapping);
      fill_normal(schedule(), "latent.init", run.value, run.n_values, recipe.seed,
                  Stream::latent_init, static_cast<float>(recipe.latent_std));
      map_state = map_setup(schedule(), map);
      run.theta = schedule().buffer("theta", "theta", run.n_theta * sizeof(float));
    }
  }

  struct Batch {
    Tensor x;
    BufferId labels;
  };

  Batch batch(const std::string& name, BufferId batches) {
    next_batch(schedule(), name + ".next", batches, run.control);
    Batch b;
    b.x.n = recipe.batch;
    b.x.c = net.channels;
    b.x.h = net.height;
    b.x.w = net.width;
    b.x.buffer = schedule().buffer(name + ".x", "activations", b.x.bytes());
    b.labels = schedule().buffer(name + ".labels", "activations",
                                 static_cast<std::size_t>(b.x.n) * sizeof(std::int32_t));
    gather_batch(schedule(), name + ".gather", run.samples, run.control, b.x, b.labels);
    return b;
  }

  /// z -> theta, what is pruned at zero.
  void generate(bool keep_u) {
    map_forward(schedule(), map, map_state, run.value, run.theta, keep_u);
    if (run.pruned != kNoBuffer)
      prune(schedule(), "theta.prune", run.theta, run.pruned, run.n_theta);
  }

  void train() {
    const std::size_t bytes = run.n_values * sizeof(float);
    run.adam_m = persistent("adam.m", "trained", bytes);
    run.adam_v = persistent("adam.v", "trained", bytes);
    schedule().begin(Phase::train);
    const Batch b = batch("batch", run.train_batches);
    if (!direct()) generate(true);
    const ForwardTrace trace = lower_forward(schedule(), net, b.x, run.theta);
    const Tensor dlogits =
        cross_entropy_forward_backward(schedule(), "loss", trace.logits, b.labels, run.control);
    run.dtheta = schedule().buffer("dtheta", "theta", run.n_theta * sizeof(float));
    lower_backward(schedule(), trace, dlogits, run.dtheta);
    if (run.pruned != kNoBuffer)
      prune(schedule(), "dtheta.prune", run.dtheta, run.pruned, run.n_theta);
    run.gradient = run.dtheta;
    if (!direct()) {
      run.gradient = schedule().buffer("dlatent", "trained", bytes);
      map_backward(schedule(), map, map_state, run.value, run.dtheta, run.gradient);
    }
    adam_step(schedule(), "adam", {}, run.value, run.adam_m, run.adam_v, run.gradient, run.n_values,
              run.control);
  }

  void eval(Purpose purpose) {
    schedule().begin(Phase::eval_begin);
    if (!direct()) generate(false);
    if (purpose == Purpose::expand) return;
    schedule().begin(Phase::eval);
    const Batch b = batch("eval", run.eval_batches);
    const ForwardTrace trace = lower_forward(schedule(), net, b.x, run.theta);
    cross_entropy_forward(schedule(), "eval.loss", trace.logits, b.labels, run.control);
    if (recipe.add_ons.int8) eval_int8();
  }

  /// Ranges of the float32 network's activations; then the network with its activations rounded to
  /// int8, whose theta the session has rounded.
  void eval_int8() {
    run.activation_ranges =
        persistent("activation_ranges", "control", weighted_layers(net) * sizeof(float));
    std::size_t layer = 0;
    schedule().begin(Phase::calibrate);
    const Batch seen = batch("calibrate", run.eval_batches);
    lower_forward(schedule(), net, seen.x, run.theta, [&](const Layer& l, const Tensor& x) {
      observe_range(schedule(), l.name + ".observe", x, run.activation_ranges, layer++);
    });
    layer = 0;
    schedule().begin(Phase::eval_int8);
    const Batch b = batch("int8", run.eval_batches);
    const ForwardTrace trace =
        lower_forward(schedule(), net, b.x, run.theta, [&](const Layer& l, const Tensor& x) {
          fake_quantize(schedule(), l.name + ".int8", x, run.activation_ranges, layer++);
        });
    cross_entropy_forward(schedule(), "int8.loss", trace.logits, b.labels, run.control);
  }
};

}  // namespace

RunSchedule build_run_schedule(const Recipe& recipe, const Network& net, const SampleCounts& counts,
                               Purpose purpose) {
  Builder builder{recipe, net, RunSchedule(Schedule(open_device(recipe)))};
  builder.setup(counts, purpose);
  if (purpose == Purpose::train) builder.train();
  builder.eval(purpose);
  return std::move(builder.run);
}

}  // namespace mapnet
