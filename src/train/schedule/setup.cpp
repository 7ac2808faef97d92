#include "common/error.hpp"
#include "device/ops/ema.hpp"
#include "train/rank_share.hpp"
#include "train/schedule/builder.hpp"

namespace mapnet {

void ScheduleBuilder::add_data(const SampleCounts& counts) {
  const std::size_t at_hand =
      recipe.footprint.samples_in_file ? static_cast<std::size_t>(run.micro_batch) : counts.total();
  run.samples.add_buffers(schedule(), net, format, at_hand);
  run.train_batches = persistent("train_batches", "control",
                                 batches_of(counts.train, recipe.batch) * sizeof(BatchInput));
  std::size_t eval_batches = 0;
  for (const std::size_t n : {counts.train, counts.validation, counts.test})
    eval_batches += batches_of(n, eval_batch_of(recipe, ranks->size()));
  run.eval_batches = persistent("eval_batches", "control", eval_batches * sizeof(BatchInput));
}

void ScheduleBuilder::setup(const SampleCounts& counts, Purpose purpose) {
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
    loss_steps.emplace(schedule(), generator.map(), generator.map_state(),
                       MappingLossSteps::Terms{recipe.loss.smoothness.on, recipe.loss.alignment.on},
                       run.loss, run.control);
  }
  if (recipe.regularisation.ema > 0) {
    run.average = persistent("average", "trained", run.n_values * sizeof(float));
    if (net.state_count() > 0)
      run.state_average = persistent("state.average", "trained", net.state_count() * sizeof(float));
    average("average.init");  // the control block's first weight is 1: a copy
  }
}

void ScheduleBuilder::average(const std::string& name) {
  ema_step(schedule(), name, run.average, run.value, run.n_values, run.control);
  if (run.state_average != kNoBuffer)
    ema_step(schedule(), name + ".state", run.state_average, run.state, net.state_count(),
             run.control);
}

SampleFeed::Batch ScheduleBuilder::batch(const std::string& name, BufferId batches,
                                         const AugmentDesc& augment) {
  next_batch(schedule(), name + ".next", batches, run.control);
  return run.samples.gather(schedule(), name, net, run.micro_batch, run.control, augment);
}

Scored ScheduleBuilder::scored() const {
  return net.task == Task::segment ? Scored::pixels : Scored::samples;
}

ObjectiveDesc ScheduleBuilder::objective() const {
  return {net.task, format.ignore, static_cast<float>(recipe.regularisation.label_smoothing)};
}

}  // namespace mapnet
