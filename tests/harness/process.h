// A child process: a program, or a function in a fork of the test under another uid. It never outlives the test.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/wait.h"

namespace batchd::harness {

struct Command {
  std::string binary;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // added to ours without its BATCHD_* variables
  std::string output;                              // file for stdout and stderr, appended; empty: ours
  std::string input;                               // file for stdin; empty: ours
  std::vector<int> sockets;                        // become descriptors 3, 4, ..., passed as by socket activation
};

class Process {
 public:
  // Both functions throw std::runtime_error if the process can't be made. If the program can't be executed, the process
  // ends with 127.
  static Process start(const Command& command);
  // Runs `work` in a fork, which exits with its return value. If we are root, the fork has `uid` and the group of the
  // same number. The caller must have one thread only.
  static Process fork_as(uid_t uid, const std::function<int()>& work);

  Process(Process&& other) noexcept : pid_(other.pid_) { other.pid_ = 0; }
  Process& operator=(Process&& other) noexcept;
  ~Process();  // kill -9

  pid_t pid() const { return pid_; }
  bool running();
  void kill(int signal);
  // Returns the exit code, or 128 + the signal that ended the process; nullopt if it still runs after `patience`.
  std::optional<int> wait(Milliseconds patience = kPatience);

 private:
  explicit Process(pid_t pid) : pid_(pid) {}

  pid_t pid_ = 0;
  std::optional<int> ended_;
};

// Returns true if this process may become another user.
bool is_root();

}  // namespace batchd::harness
