#include "train/inference.hpp"

#include <numeric>
#include <vector>

#include "common/error.hpp"
#include "device/ops/fake_quantize.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/step_control.hpp"
#include "nets/int8.hpp"
#include "nets/lower.hpp"

namespace mapnet {

Inference::Inference(const Network& net, const InferenceOptions& options,
                     std::shared_ptr<Device> device)
    : net_(net), schedule_(std::move(device)), int8_(!options.ranges.empty()) {
  if (int8_ && options.ranges.size() != weighted_layers(net))
    fail("network {}: {} ranges of activations for {} layers with weights", net.name,
         options.ranges.size(), weighted_layers(net));
  const auto n = static_cast<std::size_t>(options.batch);
  x_.n = options.batch, x_.c = net.channels, x_.h = net.height, x_.w = net.width;
  const auto persistent = [&](const char* name, const char* group, std::size_t bytes) {
    return schedule_.persistent_buffer(name, group, bytes);
  };
  const bool pixels = !options.pixels.mean.empty();
  control_ = persistent("control", "control", sizeof(StepControl));
  BufferId order = kNoBuffer, labels = kNoBuffer, ranges = kNoBuffer;
  if (pixels) {
    pixels_ = persistent("pictures", "data", n * x_.features());
    labels = persistent("labels", "data", n);  // all 0: nobody asks
    order = persistent("order", "data", n * sizeof(std::uint32_t));
  } else {
    x_.buffer = persistent("x", "data", x_.bytes());
  }
  theta_ = persistent("theta", "theta", net.param_count() * sizeof(float));
  if (net.state_count() > 0)
    state_ = persistent("state", "theta", net.state_count() * sizeof(float));
  if (int8_)
    ranges = persistent("activation_ranges", "control", options.ranges.size() * sizeof(float));
  schedule_.begin(Phase::eval);
  if (pixels) {
    x_.buffer = schedule_.buffer("x", "activations", x_.bytes());
    const BufferId targets = schedule_.buffer("targets", "activations", n * sizeof(std::int32_t));
    gather_batch(schedule_, "gather", {pixels_, labels, order, 1, -1}, control_, x_, targets);
  }
  BeforeLayer round;
  std::size_t layer = 0;
  if (int8_)
    round = [&](const Layer& l, const Tensor& x) {
      fake_quantize(schedule_, l.name + ".int8", x, ranges, layer++);
    };
  const ForwardTrace trace =
      lower_forward(schedule_, net_, x_, {theta_, state_, control_}, Pass::evaluate, round);
  y_ = relayout(schedule_, "logits", trace.logits, 1);
  program_ = std::make_unique<Program>(schedule_, plan_arena(schedule_.lifetimes()));

  if (int8_) program_->write<float>(ranges, options.ranges);
  StepControl control;
  for (std::size_t c = 0; c < options.pixels.mean.size(); ++c) {
    const PixelScale scale = pixel_scale(options.pixels, c);
    control.pixel_scale[c] = scale.scale;
    control.pixel_shift[c] = scale.shift;
  }
  program_->write<StepControl>(control_, {&control, 1});
  if (!pixels) return;
  std::vector<std::uint32_t> in_turn(n);
  std::iota(in_turn.begin(), in_turn.end(), 0u);
  program_->write<std::uint32_t>(order, in_turn);
}

void Inference::set_weights(std::span<const float> theta, std::span<const float> state) {
  if (int8_)
    program_->write<float>(theta_, int8_weights(theta, net_));
  else
    program_->write<float>(theta_, theta);
  if (!state.empty()) program_->write<float>(state_, state);
}

template <class T>
void Inference::run_on(BufferId inputs, std::span<const T> values, std::span<float> logits) {
  const std::size_t count = values.size() / input_size();
  if (count == 0 || count > static_cast<std::size_t>(batch()) ||
      values.size() != count * input_size() || logits.size() != count * output_size())
    fail(
        "network {}: expected 1 to {} inputs of {} values and room for {} outputs of each, "
        "found {} values and room for {}",
        net_.name, batch(), input_size(), output_size(), values.size(), logits.size());
  StepControl control;
  program_->read<StepControl>({&control, 1}, control_);
  control.now.count = static_cast<std::int32_t>(count);
  program_->write<StepControl>(control_, {&control, 1});
  program_->write<T>(inputs, values);
  program_->run(Phase::eval);
  program_->read<float>(logits, y_.buffer, y_.offset * sizeof(float));
}

void Inference::run(std::span<const std::uint8_t> pixels, std::span<float> logits) {
  if (pixels_ == kNoBuffer) fail("network {}: its inputs are float32, not pixels", net_.name);
  run_on(pixels_, pixels, logits);
}

void Inference::run(std::span<const float> inputs, std::span<float> logits) {
  if (pixels_ != kNoBuffer) fail("network {}: its inputs are pixels, not float32", net_.name);
  run_on(x_.buffer, inputs, logits);
}

}  // namespace mapnet
