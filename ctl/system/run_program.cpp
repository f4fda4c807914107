#include "ctl/system/run_program.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>

#include "core/check.h"

namespace batchd::ctl {
namespace {

constexpr std::size_t kOutputBytesMax = 64 << 10;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  bool open() const { return ends_[0] >= 0; }
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_end(std::size_t which) {
    if (ends_[which] >= 0) ::close(ends_[which]);
    ends_[which] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// 0: it can't be started.
pid_t spawn(const Program& program, int in, int out, int err) {
  std::vector<std::string> words{program.name};
  words.insert(words.end(), program.arguments.begin(), program.arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, program.name.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : 0;
}

using TimeLimit = std::chrono::steady_clock::time_point;

// Both streams to their ends. False: the limit came first.
bool read_both(int out, int err, ProgramEnd& end, TimeLimit limit) {
  std::array<pollfd, 2> entries{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  const std::array<std::string*, 2> texts{&end.out, &end.err};
  std::array<char, 4096> buffer;
  while (entries[0].fd >= 0 || entries[1].fd >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return false;
    for (std::size_t i = 0; ready > 0 && i < entries.size(); ++i) {
      if (entries[i].fd < 0 || entries[i].revents == 0) continue;
      const auto count = ::read(entries[i].fd, buffer.data(), buffer.size());
      if (count <= 0) entries[i].fd = -1;  // poll() passes over it
      if (count > 0 && texts[i]->size() + static_cast<std::size_t>(count) <= kOutputBytesMax)
        texts[i]->append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  return true;
}

// None: it didn't end in time.
std::optional<int> wait_for_end(pid_t pid, TimeLimit limit) {
  for (;;) {
    int status = 0;
    const auto ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if ((ended < 0 && errno != EINTR) || std::chrono::steady_clock::now() > limit) return std::nullopt;
    ::poll(nullptr, 0, 10);
  }
}

}  // namespace

std::optional<ProgramEnd> run_program(const Program& program) {
  CHECK(program.input.size() <= PIPE_BUF);
  const auto limit = std::chrono::steady_clock::now() + program.patience;
  Pipe in, out, err;
  if (!in.open() || !out.open() || !err.open()) return std::nullopt;
  // A pipe takes that much before anybody reads it: so no reader that goes away can end us by SIGPIPE.
  if (::write(in.write_end(), program.input.data(), program.input.size()) != static_cast<ssize_t>(program.input.size()))
    return std::nullopt;
  in.close_end(1);
  const auto pid = spawn(program, in.read_end(), out.write_end(), err.write_end());
  in.close_end(0);
  out.close_end(1);
  err.close_end(1);
  if (pid == 0) return std::nullopt;
  ProgramEnd end{};
  const bool complete = read_both(out.read_end(), err.read_end(), end, limit);
  if (const auto code = complete ? wait_for_end(pid, limit) : std::nullopt) {
    end.code = *code;
    return end;
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return std::nullopt;
}

std::string beside_us(const std::string& name) {
  std::error_code error;
  const auto us = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return name;
  const auto path = (us.parent_path() / name).string();
  return ::access(path.c_str(), X_OK) == 0 ? path : name;
}

}  // namespace batchd::ctl
