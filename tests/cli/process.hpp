#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/tested_program.hpp"

namespace mapnet::test {

/// The program under way, or another one, its output in a file.
class Process {
 public:
  Process(const std::vector<std::string>& arguments, const std::filesystem::path& output,
          const std::string& program = kTestedProgram) {
    std::vector<std::string> words = {program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    id_ = ::fork();
    BOOST_REQUIRE(id_ >= 0);
    if (id_ > 0) return;
    const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (!over_) signal(SIGKILL), wait();
  }

  ::pid_t id() const { return id_; }
  void signal(int number) const { ::kill(id_, number); }

  bool over() {
    if (!over_) over_ = ::waitpid(id_, &status_, WNOHANG) == id_;
    return over_;
  }

  /// The exit code, or minus the signal that ended it.
  int wait() {
    if (!over_) over_ = ::waitpid(id_, &status_, 0) == id_;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }

 private:
  ::pid_t id_;
  int status_ = 0;
  bool over_ = false;
};

}  // namespace mapnet::test
