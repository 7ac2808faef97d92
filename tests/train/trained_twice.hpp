#pragma once

#include <cmath>
#include <cstring>

#include "train/session.hpp"
#include "train/toy_tasks.hpp"

namespace mapnet::test {

/// What a training of an epoch leaves, and its first gradient.
struct Trained {
  std::vector<float> first_gradient, values, state;
  Metrics train, test;
  std::size_t arena_bytes = 0;

  bool same_bits(const Trained& other) const {
    const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
      return a.size() == b.size() &&
             (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
    };
    return same(first_gradient, other.first_gradient) && same(values, other.values) &&
           same(state, other.state) && train.loss == other.train.loss &&
           test.loss == other.test.loss && test.accuracy == other.test.accuracy;
  }
};

inline Trained trained(const RunConfig& config, const Dataset& dataset,
                       Plan (*planner)(std::vector<Lifetime>) = plan_arena) {
  const Network net = network_for(config, dataset);
  Session session(resolve(config, net), net, dataset, Purpose::train, planner);
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

/// Root of the mean square of a - b over that of b.
inline double apart(const std::vector<float>& a, const std::vector<float>& b) {
  double off = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    off += (x - y) * (x - y);
    size += y * y;
  }
  return a.size() == b.size() ? std::sqrt(off / size) : INFINITY;
}

}  // namespace mapnet::test
