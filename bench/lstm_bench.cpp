#include <benchmark/benchmark.h>

#include <span>

#include "device/ops/add_scaled.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/lstm.hpp"
#include "device/ops/map.hpp"
#include "device/ops/mse.hpp"
#include "device/ops/step_control.hpp"
#include "device/program.hpp"

/// A forecasting network's step: two LSTM layers over a window, a linear layer on the last output,
/// mean squared error, and back. bench/peers/networks_peer.py times the same in PyTorch.
using namespace mapnet;

namespace {

/// Consecutive places in a buffer of parameters, and the same in a buffer of gradients.
class Places {
 public:
  explicit Places(BufferId buffer) : buffer_(buffer) {}
  ParamSlice next(int n) {
    const ParamSlice slice = {buffer_, used_};
    used_ += static_cast<std::size_t>(n);
    return slice;
  }
  LstmParams lstm(int inputs, int hidden) {
    LstmParams p;
    p.weight_ih = next(4 * hidden * inputs);
    p.weight_hh = next(4 * hidden * hidden);
    p.bias_ih = next(4 * hidden);
    p.bias_hh = next(4 * hidden);
    return p;
  }

 private:
  BufferId buffer_;
  std::size_t used_ = 0;
};

/// Arguments: inputs, hidden, steps, batch, threads.
void forecast_step(benchmark::State& state) {
  const auto arg = [&](int i) { return static_cast<int>(state.range(i)); };
  const int inputs = arg(0), hidden = arg(1), steps = arg(2), batch = arg(3);
  const std::size_t n_params =
      static_cast<std::size_t>(4 * hidden * (inputs + 3 * hidden + 4) + hidden + 1);
  Schedule schedule(arg(4));
  const auto buffer = [&](const char* name, std::size_t floats) {
    return schedule.persistent_buffer(name, "bench", floats * sizeof(float));
  };
  const BufferId theta = buffer("theta", n_params), dtheta = buffer("dtheta", n_params);
  const BufferId targets = buffer("targets", static_cast<std::size_t>(batch));
  const BufferId control = schedule.persistent_buffer("control", "bench", sizeof(StepControl));
  Tensor x;
  x.n = batch, x.c = steps, x.h = inputs;
  x.buffer = buffer("x", x.padded_size());
  fill_normal(schedule, "theta", theta, n_params, 1, Stream::base, 0.1f, {});
  fill_normal(schedule, "x", x.buffer, x.padded_size(), 2, Stream::base, 1.0f, {});
  fill(schedule, "targets", targets, 0.5f, static_cast<std::size_t>(batch));

  schedule.begin(Phase::train);
  Places at(theta), d(dtheta);
  const LstmDesc first{hidden, false}, last{hidden, true};
  const LstmParams p1 = at.lstm(inputs, hidden), d1 = d.lstm(inputs, hidden);
  const LstmParams p2 = at.lstm(hidden, hidden), d2 = d.lstm(hidden, hidden);
  const ParamSlice weight = at.next(hidden), bias = at.next(1);
  const ParamSlice dweight = d.next(hidden), dbias = d.next(1);
  const Lstm h1 = lstm_forward(schedule, "lstm1", first, x, p1, true);
  const Lstm h2 = lstm_forward(schedule, "lstm2", last, h1.y, p2, true);
  const Tensor y = linear_forward(schedule, "head", {1}, h2.y, weight, bias);
  Tensor dy = y;
  dy.buffer = buffer("dy", y.padded_size());
  mse(schedule, "loss", y, targets, control, dy.buffer);
  const Tensor dh2 = linear_backward(schedule, "head", {1}, h2.y, dy, weight, dweight, dbias, true);
  const Tensor dh1 = lstm_backward(schedule, "lstm2", last, h1.y, h2, dh2, p2, d2, true);
  lstm_backward(schedule, "lstm1", first, x, h1, dh1, p1, d1, false);

  const Program program(schedule, plan_arena(schedule.lifetimes()));
  StepControl now;
  now.now.count = batch;
  program.write<StepControl>(control, std::span(&now, 1));
  program.run(Phase::setup);
  double flops = 0;
  for (const auto& step : program.steps(Phase::train)) flops += step.flops;
  for (auto _ : state) program.run(Phase::train);
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}
BENCHMARK(forecast_step)
    ->ArgNames({"inputs", "hidden", "steps", "batch", "threads"})
    ->Args({1, 32, 24, 128, 1})
    ->Args({1, 32, 24, 128, 2})
    ->Args({67, 32, 24, 128, 2})
    ->Args({1, 32, 24, 512, 2})
    ->Args({1, 256, 24, 128, 2})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
