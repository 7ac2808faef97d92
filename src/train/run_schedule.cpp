#include "train/run_schedule.hpp"

#include "common/error.hpp"
#include "device/ops/adam.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/step_control.hpp"
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
  ShareDesc share = {};  // fine-tuning: where the map's outputs go
  ShareState share_state = {};
  BufferId outputs = kNoBuffer;  // of the map: theta itself, or shifts of it

  Schedule& schedule() { return run.schedule; }
  bool direct() const { return recipe.mapping.strategy == Strategy::direct; }
  bool finetunes() const { return recipe.mapping.finetune.on(); }

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
      outputs = run.theta;
      if (finetunes()) setup_finetuning();
    }
  }

  void setup_finetuning() {
    share = share_desc(net, recipe.mapping.finetune);
    share_state = share_setup(schedule(), "map.share", share);
    run.base = persistent("pretrained", "theta", run.n_theta * sizeof(float));
    outputs = schedule().buffer("shifts", "theta", share.output_size() * sizeof(float));
  }

  /// z -> theta.
  void generate(bool keep_u) {
    map_forward(schedule(), map, map_state, run.value, outputs, keep_u);
    if (finetunes())
      share_forward(schedule(), "map.share", share, share_state, run.base, outputs, run.theta);
  }

  /// dtheta -> dz.
  void generate_backward() {
    BufferId doutputs = run.dtheta;
    if (finetunes()) {
      doutputs = schedule().buffer("dshifts", "theta", share.output_size() * sizeof(float));
      share_backward(schedule(), "map.share", share, share_state, run.dtheta, doutputs);
    }
    map_backward(schedule(), map, map_state, run.value, doutputs, run.gradient);
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

  void train() {
    const std::size_t bytes = run.n_values * sizeof(float);
    const BufferId m = persistent("adam.m", "trained", bytes);
    const BufferId v = persistent("adam.v", "trained", bytes);
    schedule().begin(Phase::train);
    const Batch b = batch("batch", run.train_batches);
    if (!direct()) generate(true);
    const ForwardTrace trace = lower_forward(schedule(), net, b.x, run.theta);
    const Tensor dlogits =
        cross_entropy_forward_backward(schedule(), "loss", trace.logits, b.labels, run.control);
    run.dtheta = schedule().buffer("dtheta", "theta", run.n_theta * sizeof(float));
    lower_backward(schedule(), trace, dlogits, run.dtheta,
                   finetunes() ? recipe.mapping.finetune.layers.front().name : "");
    run.gradient = run.dtheta;
    if (!direct()) {
      run.gradient = schedule().buffer("dlatent", "trained", bytes);
      generate_backward();
    }
    adam_step(schedule(), "adam", {}, run.value, m, v, run.gradient, run.n_values, run.control);
  }

  void eval(Purpose purpose) {
    schedule().begin(Phase::eval_begin);
    if (!direct()) generate(false);
    if (purpose == Purpose::expand) return;
    schedule().begin(Phase::eval);
    const Batch b = batch("eval", run.eval_batches);
    const ForwardTrace trace = lower_forward(schedule(), net, b.x, run.theta);
    cross_entropy_forward(schedule(), "eval.loss", trace.logits, b.labels, run.control);
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
