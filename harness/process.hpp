#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mapnet {

/// Stands for the path of the program that is running, whatever lies there since: a `mapnet` that
/// was built anew in the middle of a campaign takes no part in it.
inline constexpr const char* kThisProgram = "/proc/self/exe";

/// Another program under way, standard output and error in a file. Ended with its owner; a training
/// ends too when the owner's process is killed (end_with_owner, cli/stop_signals.hpp).
class ChildProcess {
 public:
  /// Throws Error when it cannot be started.
  ChildProcess(const std::vector<std::string>& words, const std::filesystem::path& output);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;

  /// Its exit code, or 128 + the signal that ended it, once it is over; does not wait.
  std::optional<int> exit_code();

  /// Asks it to stop (SIGTERM), once: a second signal ends a training that is still saving itself.
  void stop();

 private:
  ::pid_t id_ = -1;
  std::optional<int> code_;
  bool stopping_ = false;
};

/// A file of its own for as long as it is needed.
class ScratchFile {
 public:
  ScratchFile();
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Runs a program to its end. Throws Error when it cannot be started.
struct ProgramOutput {
  int exit_code = 0;
  std::string output, errors;
};
ProgramOutput run_program(const std::vector<std::string>& words);

}  // namespace mapnet
