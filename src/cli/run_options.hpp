#pragma once

#include <functional>
#include <string>

#include "cli/config_file.hpp"
#include "train/recipe.hpp"

namespace mapnet {

/// The flags that describe a run, shared by `train`, `plan` and `bench`, with --config: a TOML file
/// of the same names without the dashes. What is given on the command line wins.
struct RunOptions {
  RunConfig config;
  std::string features_cache;  // not of the recipe: where the same vectors lie
  std::string config_file;
  ConfigValues from_file;  // what it gave
};

void add_run_options(CLI::App& command, RunOptions& options);

/// Reads the file that --config names, where it was given (cli/config_file.hpp). Call after
/// parsing.
void read_config_file(CLI::App& command, RunOptions& options);

/// Does `work`, which reads the file: what it throws of a value that the file gave names the file,
/// its line and the key.
void with_config_file(const RunOptions& options, const std::function<void()>& work);

/// The network for the data set the options name, from its manifest: no data is needed.
Network network_of(const RunConfig& config);

}  // namespace mapnet
