#include <algorithm>
#include <cmath>

#include "device/ops/adam.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/mean_over_ranks.hpp"
#include "device/ops/micro_batch.hpp"
#include "device/ops/stability.hpp"
#include "device/ops/step_control.hpp"
#include "train/schedule/builder.hpp"

namespace mapnet {

namespace {

/// Samples of a batch that go through the perturbed network too.
int stability_rows(const Recipe& recipe) {
  const double rows = recipe.loss.stability_fraction * recipe.batch;
  return std::clamp(static_cast<int>(std::lround(rows)), 1, recipe.batch);
}

}  // namespace

SampleFeed::Batch ScheduleBuilder::training_batch() {
  const AugmentDesc augment = recipe.regularisation.augment(recipe.seed);
  if (!run.in_parts) return batch("batch", run.train_batches, augment);
  next_micro_batch(schedule(), "batch.next", {run.micro_batch, recipe.footprint.samples_in_file},
                   run.train_batches, run.control);
  return run.samples.gather(schedule(), "batch", net, run.micro_batch, run.control, augment);
}

BufferId ScheduleBuilder::perturbed_pass(const SampleFeed::Batch& b, const Tensor& logits,
                                         const Tensor& dlogits) {
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
  lower_backward(schedule(), trace, dperturbed, dtheta, {.recompute = recipe.footprint.recompute});
  second.mask("perturbed.prune", dtheta);
  second.backward(z, dtheta, dz);
  return dz;
}

BufferId ScheduleBuilder::gradient_buffer(const char* name, const char* group, std::size_t n,
                                          bool exchanged) {
  return floats(name, group, n + (exchanged && !ranks->alone() ? 1 : 0));
}

void ScheduleBuilder::value_gradient(BufferId perturbed_dz) {
  run.gradient = run.dtheta;
  if (direct()) return;
  run.gradient = gradient_buffer("dlatent", "trained", run.n_values, true);
  if (loss_steps) loss_steps->add_to_dtheta(schedule(), run.value, run.dtheta);
  generator.backward(run.value, run.dtheta, run.gradient);
  if (loss_steps) loss_steps->add_to_dz(schedule(), run.value, run.gradient);
  if (perturbed_dz != kNoBuffer)
    add_scaled(schedule(), "perturbed.add", run.gradient, perturbed_dz, 1.0f, run.n_values);
}

void ScheduleBuilder::begin_sums() {
  schedule().begin(Phase::step_begin);
  generator.forward(run.value, run.theta, true);
  run.dtheta = gradient_buffer("dtheta", "theta", run.n_theta, direct());
  fill(schedule(), "dtheta.begin", run.dtheta, 0, run.n_theta);
}

void ScheduleBuilder::train() {
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
  adam_step(schedule(), "adam", adam, run.value, run.adam_m, run.adam_v, run.gradient, run.n_values,
            run.control);
  if (run.average != kNoBuffer) average("average");
  if (loss_steps) lambda_step(schedule(), "lambdas", recipe.loss.mode, run.loss, run.control);
}

}  // namespace mapnet
