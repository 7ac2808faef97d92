#pragma once

#include "common/compare.hpp"
#include "train/session.hpp"
#include "train/toy_tasks.hpp"

namespace mapnet::test {

/// What a training of an epoch leaves, and its first gradient.
struct Trained {
  std::vector<float> first_gradient, values, state;
  Metrics train, test;
  std::size_t arena_bytes = 0;

  bool same_bits(const Trained& other) const {
    return test::same_bits(first_gradient, other.first_gradient) &&
           test::same_bits(values, other.values) && test::same_bits(state, other.state) &&
           train.loss == other.train.loss && test.loss == other.test.loss &&
           test.accuracy == other.test.accuracy;
  }
};

inline Trained trained(const Recipe& recipe, const Network& net, const Dataset& dataset,
                       Plan (*planner)(std::vector<Lifetime>) = plan_arena) {
  Session session(recipe, net, dataset, Purpose::train, planner);
  Trained t;
  t.arena_bytes = session.program().plan().total;
  session.begin_epoch(0);
  session.train_step(0);
  t.first_gradient = session.gradient();
  t.train = session.finish_epoch();
  session.evaluate(Split::train);  // in between: it must leave no trace
  session.train_epoch(1);
  t.test = session.evaluate(Split::test);
  t.values = session.values();
  t.state = session.state();
  return t;
}

inline Trained trained(const RunConfig& config, const Dataset& dataset,
                       Plan (*planner)(std::vector<Lifetime>) = plan_arena) {
  const Network net = network_for(config, dataset);
  return trained(resolve(config, net), net, dataset, planner);
}

}  // namespace mapnet::test
