#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "harness/settings.hpp"

namespace mapnet {

/// The flags that the settings of tables and sweeps may be: those of this program's `train`.
inline HasFlag flags_of_train(const CLI::App& app) {
  const CLI::App* train = app.get_subcommand("train");
  return [train](const std::string& name) {
    return name != "help" && train->get_option_no_throw("--" + name) != nullptr;
  };
}

}  // namespace mapnet
