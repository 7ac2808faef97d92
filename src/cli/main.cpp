#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <system_error>
#include <thread>

#include "cli/commands.hpp"
#include "cli/data_command.hpp"
#include "cli/standard_streams.hpp"
#include "cli/stop_signals.hpp"
#include "cli/threads.hpp"
#include "cli/usage.hpp"
#include "common/error.hpp"
#include "common/say.hpp"
#include "device/communicator.hpp"
#include "train/build_info.hpp"
#include "train/train_run.hpp"

namespace {

constexpr const char* kOutputLost = "standard output could not be written";

int complain(int code, const char* what) {
  if (const mapnet::Launch launch = mapnet::launched_as(); launch.rank > 0)
    mapnet::say("mapnet: rank {}: {}\n", launch.rank, what);
  else
    mapnet::say("mapnet: {}\n", what);
  return code;
}

/// Of several ranks that failed alike the first speaks, and that ends the others before it is their
/// turn. One that failed alone speaks in the end.
int complain_in_turn(int code, const char* what) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kFirstTurn = std::chrono::milliseconds(5000),
                 kTurn = std::chrono::milliseconds(200);
  const int rank = mapnet::launched_as().rank;
  if (rank == 0) return complain(code, what);
  for (const auto turn = Clock::now() + kFirstTurn + rank * kTurn; Clock::now() < turn;) {
    if (mapnet::stop_signal() != 0) return code;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return complain(code, what);
}

/// That a rank was lost all others find at the same time, and a launcher soon ends them all.
int complain_of_loss(const char* what) {
  std::this_thread::sleep_for(std::chrono::milliseconds(200) *
                              std::min(4, mapnet::launched_as().rank));
  return complain(1, what);
}

/// The code to exit with: `code`, or where a rank is lost behind its work, that of a failure.
int leave_ranks(int code) {
  try {
    mapnet::leave_ranks(code);
  } catch (const mapnet::LostRank& e) {
    code = complain_of_loss(e.what());
    mapnet::leave_ranks(code);  // which ends the others
  }
  return code;
}

/// The exit code.
int run(int argc, char** argv) {
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
  mapnet::refuse_misread_numbers(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::RequiredError& e) {
    return complain_in_turn(2, mapnet::what_is_missing(app, e).c_str());
  } catch (const CLI::ExtrasError& e) {
    return complain_in_turn(2, mapnet::what_is_unknown(app, e).c_str());
  } catch (const CLI::ParseError& e) {
    return complain_in_turn(2, mapnet::what_is_wrong(app, e).c_str());
  } catch (const mapnet::Interrupted& e) {  // all ranks agreed to stop
    if (mapnet::launched_as().rank == 0) complain(0, e.what());
    if (const int lost = leave_ranks(0); lost != 0) return lost;
    const int signal = mapnet::stop_signal();       // which may have come to another rank
    return 128 + (signal != 0 ? signal : SIGTERM);  // as a shell says that a signal ended a program
  } catch (const mapnet::LostRank& e) {
    return complain_of_loss(e.what());
  } catch (const mapnet::UsageError& e) {
    return complain_in_turn(2, e.what());
  } catch (const std::system_error& e) {  // which is how fmt fails to print
    return complain_in_turn(1, mapnet::output_arrived() ? e.what() : kOutputLost);
  } catch (const std::exception& e) {
    return complain_in_turn(1, e.what());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  mapnet::settle_thread_waiting(argv);
  mapnet::settle_standard_streams();
  int code = run(argc, argv);
  if (code == 0 && !mapnet::output_arrived()) code = complain(1, kOutputLost);
  return leave_ranks(code);
}
