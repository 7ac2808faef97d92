#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/commands.hpp"
#include "cli/data_command.hpp"
#include "cli/stop_signals.hpp"
#include "cli/threads.hpp"
#include "common/error.hpp"
#include "train/build_info.hpp"
#include "train/train_run.hpp"

namespace {

int complain(int code, const char* what) {
  fmt::print(stderr, "mapnet: {}\n", what);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  mapnet::settle_thread_waiting(argv);
  CLI::App app("mapnet trains Mapping Networks: a few latents instead of a network's weights.");
  app.set_version_flag("--version", mapnet::build_info());
  app.require_subcommand(1);
  mapnet::add_train_command(app);
  mapnet::add_plan_command(app);
  mapnet::add_eval_command(app);
  mapnet::add_export_command(app);
  mapnet::add_predict_command(app);
  mapnet::add_bench_command(app);
  mapnet::add_data_command(app);
  mapnet::add_reproduce_command(app);
  mapnet::add_sweep_command(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return complain(2, e.what());
  } catch (const mapnet::Interrupted& e) {  // as a shell reports a program that a signal ended
    return complain(128 + mapnet::stop_signal(), e.what());
  } catch (const mapnet::UsageError& e) {
    return complain(2, e.what());
  } catch (const std::exception& e) {
    return complain(1, e.what());
  }
  return 0;
}
