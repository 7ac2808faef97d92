#include "train/run_end.hpp"

#include "train/build_info.hpp"

namespace mapnet {

namespace {

/// A dense map of a seed is built from it wherever the model is opened, and so is a base: that both
/// are held in memory is the arena's.
std::size_t map_bytes(const Session& session, const Network& net) {
  const std::size_t base = session.refreshes() > 0 ? net.param_count() : 0;
  return (session.learned_map().values + base) * sizeof(float);
}

}  // namespace

void measure(RunResult& r, Session& session, const Recipe& recipe, const Network& net) {
  r.task = net.task;
  r.recipe = recipe;
  const SampleCounts& counts = session.counts();
  r.train_samples = counts.train + counts.validation;
  r.test_samples = counts.test;
  r.trainable_params = trainable_params(recipe, net);
  r.target_params = net.param_count();
  r.train = session.evaluate(Split::train);
  if (recipe.validation > 0) r.validation = session.evaluate(Split::validation);
  r.test = session.evaluate(Split::test);
  r.add_ons = measure_add_ons(session, recipe, net);
  const Plan& plan = session.program().plan();
  r.arena_bytes = plan.total;
  r.arena_lower_bound_bytes = plan.lower_bound;
  r.map_bytes = map_bytes(session, net);
  r.learned_map = session.learned_map();
  r.state_values = net.state_count();
  r.series = session.series();
  r.decode = session.decode_times();
  r.device = session.program().device().description();
  r.version = version_string();
}

LatentFile describe_model(const Recipe& recipe, const Network& net, const Dataset& dataset,
                          const Session& session) {
  LatentFile file;
  file.recipe = recipe;
  file.channels = net.channels;
  file.height = net.height;
  file.width = net.width;
  file.classes = net.classes;
  file.class_names = dataset.class_names;
  file.train_samples = dataset.train.count;
  file.test_samples = dataset.test.count;
  file.pixels = session.pixels();
  file.refreshes = session.refreshes();
  file.values = session.rounds();
  file.stores_theta = file.values.empty();
  if (file.stores_theta) {
    session.expand();
    file.values = session.theta();
  }
  if (recipe.mapping.learned.on() && !file.stores_theta) {
    session.expand();
    file.theta = session.theta();
    file.learned_map = session.learned_map();
  }
  file.state = session.evaluated_state();
  file.pruned = session.pruned();
  return file;
}

}  // namespace mapnet
