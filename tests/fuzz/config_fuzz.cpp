#include <CLI/CLI.hpp>

#include "cli/run_options.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"

/// The TOML file of --config, into every option that describes a run.
using namespace mapnet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  CLI::App command;
  RunOptions options;
  add_run_options(command, options);
  options.config_file = file.hold({data, size});
  fuzz::accepts([&] { read_config_file(command, options); });
  return 0;
}
