// Runs a program on a terminal of its own: what it shows, and whether the terminal echoes what is typed.
#pragma once

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/wait.h"

namespace batchd::e2e {

class TerminalProgram {
 public:
  // The terminal is ours before the program runs.
  TerminalProgram(const std::string& path, const std::vector<std::string>& arguments,
                  const std::map<std::string, std::string>& environment) {
    pid_ = ::forkpty(&master_, nullptr, nullptr, nullptr);
    if (pid_ != 0) return;
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    auto words = arguments;
    words.insert(words.begin(), path);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  TerminalProgram(const TerminalProgram&) = delete;
  TerminalProgram& operator=(const TerminalProgram&) = delete;
  ~TerminalProgram() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(master_);
  }
  bool shows(const std::string& words) {
    return harness::eventually([&] {
      read_some();
      return shown_.find(words) != std::string::npos;
    });
  }
  bool type(const std::string& text) {
    return ::write(master_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  bool echoes() const {
    termios settings{};
    return ::tcgetattr(master_, &settings) == 0 && (settings.c_lflag & ECHO) != 0;
  }
  void send(int signal) { ::kill(pid_, signal); }
  // The exit code, or 128 + the signal.
  std::optional<int> end() {
    std::optional<int> code;
    harness::eventually([&] {
      read_some();
      int status = 0;
      if (!code && ::waitpid(pid_, &status, WNOHANG) == pid_)
        code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      return code.has_value();
    });
    return code;
  }
  const std::string& shown() const { return shown_; }

 private:
  void read_some() {
    char buffer[4096];
    ::fcntl(master_, F_SETFL, O_NONBLOCK);
    for (ssize_t count = 0; (count = ::read(master_, buffer, sizeof buffer)) > 0;)
      shown_.append(buffer, static_cast<std::size_t>(count));
  }
  pid_t pid_ = -1;
  int master_ = -1;
  std::string shown_;
};

}  // namespace batchd::e2e
