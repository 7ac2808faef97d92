#include <fmt/core.h>

#include "common/bytes.hpp"
#include "memory/groups.hpp"
#include "train/session.hpp"
#include "train/target_network.hpp"

/// What a training step of each network takes under each kind of map, samples apart: the tables of
/// docs/memory.md. Nothing runs; a dense map of 200 GiB is planned like any other.
using namespace mapnet;

namespace {

struct Case {
  const char *net, *data;
  int batch;
};

constexpr Case kCases[] = {
    {"cnn1", "fashion-mnist", 128},           {"cnn2", "fashion-mnist", 128},
    {"cnn3", "noise-3x256x256x19-pixels", 8}, {"lstm", "beijing-pm25", 128},
    {"resnet18", "noise-3x224x224x1000", 8},  {"resnet50", "noise-3x224x224x1000", 8}};

struct Way {
  const char *name, *strategy, *map;
  std::size_t latents;  ///< of one vector, or in all
};

constexpr Way kWays[] = {{"direct", "direct", "", 0},
                         {"dense slvt", "slvt", "dense", 2048},
                         {"dense lwt", "lwt", "dense", 2048},
                         {"Hadamard slvt", "slvt", "hadamard", 2048}};

std::size_t peak(const Plan& plan, std::initializer_list<const char*> names) {
  std::size_t bytes = 0;
  for (const Group& g : groups_of(plan))
    for (const char* name : names)
      if (g.name == name) bytes += g.peak_bytes;
  return bytes;
}

void print_row(const Case& c, const Way& way) {
  RunConfig config;
  config.net = c.net;
  config.data = c.data;
  config.batch = c.batch;
  config.strategy = way.strategy;
  config.device = "cpu";
  config.threads = 2;
  if (way.latents > 0) config.latent = way.latents, config.map = way.map;
  const Dataset d = describe_dataset(c.data);
  const Network net = target_network(config, {d.channels, d.height, d.width, d.classes});
  const RunSchedule run =
      build_run_schedule(resolve(config, net), net, {d.train.count, 0, d.test.count},
                         sample_format(d), Purpose::train);
  const Plan plan = plan_arena(run.schedule.lifetimes());
  const auto cell = [](std::size_t bytes) { return bytes > 0 ? format_bytes(bytes) : "0"; };
  fmt::print("| {} | {} | {} | {} | {} | {} | {} |\n", c.net, way.name, cell(peak(plan, {"map"})),
             cell(peak(plan, {"theta", "trained"})), cell(peak(plan, {"activations"})),
             cell(peak(plan, {"workspace", "weights", "gradients"})),
             cell(plan.total - peak(plan, {"data"})));
}

}  // namespace

int main() {
  fmt::print(
      "| network | training | fixed weights | theta, gradient, moments | activations | work "
      "buffers | total |\n|---|---|---|---|---|---|---|\n");
  for (const Case& c : kCases)
    for (const Way& way : kWays) print_row(c, way);
}
