#include "harness/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "common/error.hpp"
#include "common/file.hpp"

extern char** environ;

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// What posix_spawn is to do with the child's standard streams.
class Redirections {
 public:
  Redirections() { ::posix_spawn_file_actions_init(&actions_); }
  ~Redirections() { ::posix_spawn_file_actions_destroy(&actions_); }
  Redirections(const Redirections&) = delete;
  Redirections& operator=(const Redirections&) = delete;

  void to_file(int stream, const fs::path& file) {
    ::posix_spawn_file_actions_addopen(&actions_, stream, file.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0644);
  }
  void same(int stream, int as) { ::posix_spawn_file_actions_adddup2(&actions_, as, stream); }
  const ::posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  ::posix_spawn_file_actions_t actions_;
};

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Ours, and by whom a training was started: it ends with us even where we are killed.
std::vector<std::string> environment_of_a_child() {
  constexpr std::string_view kOwner = "MAPNET_OWNER=";
  std::vector<std::string> variables;
  for (char** v = environ; *v; ++v)
    if (!std::string_view(*v).starts_with(kOwner)) variables.emplace_back(*v);
  variables.push_back(std::string(kOwner) + std::to_string(::getpid()));
  return variables;
}

/// Whoever started us may have had the ends of children ignored, which is inherited: the system
/// would then keep no exit code for us to wait for.
void hear_of_children() {
  struct sigaction action {};
  sigaction(SIGCHLD, nullptr, &action);
  if (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT) != 0)
    std::signal(SIGCHLD, SIG_DFL);
}

::pid_t spawn(std::vector<std::string> words, const Redirections& redirections) {
  hear_of_children();
  const std::string program = words.front();
  if (program == kThisProgram) words.front() = "mapnet";  // as lists of processes show it
  std::vector<std::string> variables = environment_of_a_child();
  const std::vector<char*> argv = pointers_to(words), env = pointers_to(variables);
  ::pid_t id = -1;
  const int error =
      ::posix_spawn(&id, program.c_str(), redirections.get(), nullptr, argv.data(), env.data());
  if (error != 0) fail("{}: cannot be started: {}", words.front(), std::strerror(error));
  return id;
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& words, const fs::path& output) {
  Redirections redirections;
  redirections.to_file(STDOUT_FILENO, output);
  redirections.same(STDERR_FILENO, STDOUT_FILENO);
  id_ = spawn(words, redirections);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(other.id_), code_(other.code_), stopping_(other.stopping_) {
  other.id_ = -1;
}

ChildProcess::~ChildProcess() {
  if (id_ < 0 || exit_code()) return;
  stop();
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> ChildProcess::exit_code() {
  int status = 0;
  if (!code_ && ::waitpid(id_, &status, WNOHANG) == id_) code_ = code_of(status);
  return code_;
}

void ChildProcess::stop() {
  if (stopping_ || id_ < 0 || exit_code()) return;
  stopping_ = true;
  ::kill(id_, SIGTERM);
}

ScratchFile::ScratchFile() : path_((fs::temp_directory_path() / "mapnet-XXXXXX").string()) {
  const int fd = ::mkstemp(path_.data());
  if (fd < 0) fail("{}: cannot write: {}", path_, std::strerror(errno));
  ::close(fd);
}

ScratchFile::~ScratchFile() { ::unlink(path_.c_str()); }

ProgramOutput run_program(const std::vector<std::string>& words) {
  const ScratchFile output, errors;
  Redirections redirections;
  redirections.to_file(STDOUT_FILENO, output.path());
  redirections.to_file(STDERR_FILENO, errors.path());
  const ::pid_t id = spawn(words, redirections);
  int status = 0;
  while (::waitpid(id, &status, 0) < 0 && errno == EINTR) {
  }
  return {code_of(status), read_file(output.path()), read_file(errors.path())};
}

}  // namespace mapnet
