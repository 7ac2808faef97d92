#include "device/ops/stability.hpp"
#include "train/schedule/builder.hpp"

namespace mapnet {

void ScheduleBuilder::sketch() {
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

}  // namespace mapnet
