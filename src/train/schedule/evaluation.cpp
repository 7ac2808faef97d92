#include "device/ops/fake_quantize.hpp"
#include "nets/int8.hpp"
#include "train/schedule/builder.hpp"

namespace mapnet {

void ScheduleBuilder::eval(Purpose purpose) {
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
  const ForwardTrace trace =
      lower_forward(schedule(), net, b.x, evaluation_reads(theta), Pass::evaluate);
  objective_forward(schedule(), "eval.loss", objective(), trace.logits, b.targets, run.control,
                    run.confusion);
  if (recipe.add_ons.int8) eval_int8();
}

void ScheduleBuilder::eval_int8() {
  run.activation_ranges =
      persistent("activation_ranges", "control", weighted_layers(net) * sizeof(float));
  const NetBuffers buffers = evaluation_reads(run.theta);
  std::size_t layer = 0;
  schedule().begin(Phase::calibrate);
  const SampleFeed::Batch seen = batch("calibrate", run.eval_batches);
  lower_forward(schedule(), net, seen.x, buffers, Pass::evaluate,
                [&](const Layer& l, const Tensor& x) {
                  observe_range(schedule(), l.name + ".observe", x, run.activation_ranges, layer++,
                                run.control);
                });
  layer = 0;
  schedule().begin(Phase::eval_int8);
  const SampleFeed::Batch b = batch("int8", run.eval_batches);
  const ForwardTrace trace = lower_forward(
      schedule(), net, b.x, buffers, Pass::evaluate, [&](const Layer& l, const Tensor& x) {
        fake_quantize(schedule(), l.name + ".int8", x, run.activation_ranges, layer++);
      });
  objective_forward(schedule(), "int8.loss", objective(), trace.logits, b.targets, run.control,
                    run.confusion);
}

}  // namespace mapnet
