#include "tests/harness/process.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace batchd::harness {
namespace {

constexpr int kCannotStart = 127;

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("BATCHD_")) out.emplace_back(*entry);
  for (const auto& [name, value] : command.environment) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// In the child. A parent that is gone already is noticed by its number.
void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotStart);
}

constexpr std::string_view kListenPid = "LISTEN_PID=";

// In the child: only it knows its number. The entry has room for the digits.
void pass_sockets(const std::vector<int>& sockets, std::vector<char*>& environment) {
  constexpr int kFirst = 3, kAside = 100;  // aside first: one of them may stand where another one shall be
  std::vector<int> moved;
  for (const int socket : sockets) moved.push_back(::fcntl(socket, F_DUPFD_CLOEXEC, kAside));
  for (std::size_t i = 0; i < moved.size(); ++i)
    if (::dup2(moved[i], kFirst + static_cast<int>(i)) < 0) ::_exit(kCannotStart);
  for (char* entry : environment)
    if (entry != nullptr && std::string_view(entry).starts_with(kListenPid))
      std::snprintf(entry + kListenPid.size(), 12, "%d", static_cast<int>(::getpid()));
}

void become(uid_t uid) {
  if (::setgroups(0, nullptr) != 0 || ::setgid(uid) != 0 || ::setuid(uid) != 0) ::_exit(kCannotStart);
}

}  // namespace

bool is_root() { return ::geteuid() == 0; }

Process Process::start(const Command& command) {
  auto arguments = command.arguments;
  arguments.insert(arguments.begin(), command.binary);
  auto environment = environment_of(command);
  if (!command.sockets.empty()) {
    environment.push_back("LISTEN_FDS=" + std::to_string(command.sockets.size()));
    environment.push_back(std::string(kListenPid) + std::string(12, '\0'));
  }
  const auto argv = pointers(arguments);
  auto envp = pointers(environment);
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid > 0) return Process(pid);

  die_with(parent);
  if (!command.output.empty()) {
    const int out = ::open(command.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (out < 0 || ::dup2(out, STDOUT_FILENO) < 0 || ::dup2(out, STDERR_FILENO) < 0) ::_exit(kCannotStart);
  }
  if (!command.input.empty()) {
    const int in = ::open(command.input.c_str(), O_RDONLY | O_CLOEXEC);
    if (in < 0 || ::dup2(in, STDIN_FILENO) < 0) ::_exit(kCannotStart);
  }
  pass_sockets(command.sockets, envp);
  ::execve(command.binary.c_str(), argv.data(), envp.data());
  ::_exit(kCannotStart);
}

Process Process::fork_as(uid_t uid, const std::function<int()>& work) {
  std::fflush(nullptr);
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid > 0) return Process(pid);

  if (is_root()) become(uid);
  die_with(parent);  // after the change of user, which would clear it
  int code = kCannotStart;
  try {
    code = work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "uid %u: %s\n", static_cast<unsigned>(uid), error.what());
  }
  std::fflush(nullptr);
  ::_exit(code);
}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(ended_, other.ended_);
  return *this;
}

Process::~Process() {
  if (pid_ == 0 || ended_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::running() { return !wait(Milliseconds(0)); }

void Process::kill(int signal) {
  if (running()) ::kill(pid_, signal);
}

std::optional<int> Process::wait(Milliseconds patience) {
  const auto look = [this] {
    int status = 0;
    if (!ended_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
      ended_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return ended_.has_value();
  };
  eventually(look, patience);
  return ended_;
}

}  // namespace batchd::harness
