#pragma once

#include "common/test_device.hpp"
#include "train/target_network.hpp"

namespace mapnet::test {

inline Network network(const std::string& name) { return build_network(name, {1, 28, 28, 10}); }

/// A small run: what the tests do not set stays small.
inline RunConfig small_run(const std::string& strategy = "slvt") {
  RunConfig c;
  c.strategy = strategy;
  if (strategy == "slvt") c.latent = 256;
  if (strategy == "lwt") c.latents = {32, 64, 128, 64};
  c.batch = 16;
  c.epochs = 1;
  c.device = testing_cuda() ? "cuda" : "cpu";
  c.threads = 2;
  c.seed = 5;
  return c;
}

inline Network network_of(const RunConfig& c) { return target_network(c, {1, 28, 28, 10}); }

inline Recipe recipe_of(const RunConfig& c) { return resolve(c, network_of(c)); }

}  // namespace mapnet::test
