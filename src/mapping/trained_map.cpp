#include "mapping/trained_map.hpp"

#include <cmath>

#include "common/error.hpp"
#include "device/ops/gemv.hpp"
#include "device/ops/relu.hpp"

namespace mapnet {

namespace {

/// Rows of the last matrix and its zero biases behind them: what of theta's spread each draws.
void add_last_layer(std::vector<RowScale>& spread, const TrainedMap& map) {
  const std::size_t inputs = map.hidden > 0 ? map.hidden : map.latents;
  const float share = 1.0f / std::sqrt(static_cast<float>(inputs));
  for (const RowScale& s : map.scales)
    spread.push_back({map.w2() + s.offset * inputs, s.rows * inputs, s.scale * share});
  if (map.hidden > 0) spread.push_back({map.b2(), map.params, 0.0f});
}

GemvDesc last_layer(const TrainedMap& map) {
  return {map.params, map.hidden > 0 ? map.hidden : map.latents, false};
}
GemvDesc first_layer(const TrainedMap& map) { return {map.hidden, map.latents, true}; }

Tensor hidden_tensor(const TrainedMap& map, BufferId buffer) {
  Tensor h;
  h.buffer = buffer;
  h.n = 1;
  h.c = static_cast<int>(map.hidden);
  return h;
}

}  // namespace

TrainedMap make_trained_map(const Network& net, const MappingConfig& config, double latent_std) {
  if (!trains_map(config.variant)) fail("the map of {} is fixed", to_string(config.variant));
  TrainedMap map;
  map.latents = config.latents.at(0);
  map.hidden = config.hidden;
  map.params = net.param_count();
  map.seed = config.seed;
  map.latent_std = static_cast<float>(latent_std);
  map.scales = generated_scales(net);
  return map;
}

void trained_map_setup(Schedule& schedule, TrainedMap& map, BufferId value) {
  std::vector<RowScale> spread;
  if (map.hidden == 0) {
    spread = {{0, map.latents, map.latent_std}};
    add_last_layer(spread, map);
    fill_normal(schedule, "map.init", value, map.value_count(), map.seed, Stream::latent_init, 1.0f,
                spread);
    return;
  }
  map.z = schedule.buffer("latent", "activations", map.latents * sizeof(float));
  map.h = schedule.buffer("map.h", "activations", map.hidden * sizeof(float));
  fill_normal(schedule, "latent.init", map.z, map.latents, map.seed, Stream::latent_init,
              map.latent_std);
  const float he = std::sqrt(2.0f / static_cast<float>(map.latents));
  spread = {{map.w1(), map.b1(), he}, {map.b1(), map.hidden, 0.0f}};
  add_last_layer(spread, map);
  fill_normal(schedule, "map.init", value, map.value_count(), map.seed, Stream::map_gauss, 1.0f,
              spread);
}

void trained_map_forward(Schedule& schedule, const TrainedMap& map, BufferId value,
                         BufferId theta) {
  if (map.hidden == 0) {
    gemv_forward(schedule, "map", last_layer(map), {theta, 0}, {value, 0}, {value, map.w2()}, {});
    return;
  }
  gemv_forward(schedule, "map.hidden", first_layer(map), {map.h, 0}, {map.z, 0}, {value, map.w1()},
               {value, map.b1()});
  gemv_forward(schedule, "map", last_layer(map), {theta, 0}, {map.h, 0}, {value, map.w2()},
               {value, map.b2()});
}

void trained_map_backward(Schedule& schedule, const TrainedMap& map, BufferId value,
                          BufferId dtheta, BufferId gradient) {
  if (map.hidden == 0) {
    gemv_backward(schedule, "map", last_layer(map), {gradient, 0}, {gradient, map.w2()}, {},
                  {dtheta, 0}, {value, 0}, {value, map.w2()});
    return;
  }
  const BufferId dh = schedule.buffer("map.dh", "gradients", map.hidden * sizeof(float));
  gemv_backward(schedule, "map", last_layer(map), {dh, 0}, {gradient, map.w2()},
                {gradient, map.b2()}, {dtheta, 0}, {map.h, 0}, {value, map.w2()});
  relu_backward(schedule, "map.hidden.relu", hidden_tensor(map, map.h), hidden_tensor(map, dh));
  gemv_backward(schedule, "map.hidden", first_layer(map), {}, {gradient, map.w1()},
                {gradient, map.b1()}, {dh, 0}, {map.z, 0}, {value, map.w1()});
}

}  // namespace mapnet
