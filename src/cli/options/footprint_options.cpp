#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_footprint_options(CLI::App& command, FootprintConfig& c) {
  command.add_option("--memory-budget", c.memory_budget,
                     "bytes that data and libraries may take, as 256MiB: what is left open of the "
                     "next four is chosen to fit  [none]");
  command.add_option("--micro-batch", c.micro_batch,
                     "samples that go through the network at a time; gradients are summed up  "
                     "[the batch]");
  command.add_option(
      "--recompute", c.recompute,
      "activations made again in the backward pass: none, norms, N: all but "
      "what N stretches of layers begin with, names as conv1,conv2, or auto  [none]");
  command.add_option(
      "--samples", c.samples,
      "memory, file: each step reads its own from a temporary file, or auto  [memory]");
  command.add_option(
      "--map-storage", c.map_storage,
      "of a dense map: memory, streamed: rows are read from a temporary file (to a GPU "
      "from the host's memory), regenerated: drawn again, or auto  [memory]");
}

}  // namespace mapnet
