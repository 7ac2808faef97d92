#pragma once

namespace CLI {
class App;
}

/// One function a subcommand of `mapnet`. Commands run while the arguments are parsed; they throw
/// UsageError (exit code 2) or Error (exit code 1).
namespace mapnet {

void add_train_command(CLI::App& app);
void add_plan_command(CLI::App& app);
void add_eval_command(CLI::App& app);
void add_export_command(CLI::App& app);
void add_bench_command(CLI::App& app);
void add_reproduce_command(CLI::App& app);

}  // namespace mapnet
