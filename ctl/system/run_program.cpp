#include "ctl/system/run_program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>

namespace batchd::ctl {
namespace {

constexpr std::size_t kOutputBytesMax = 64 << 10;
constexpr int kCannotRun = 127;  // as in shells

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

// Returns a file in memory that can't grow beyond this; null if there is none to be had. Unlike a pipe it lets nobody
// wait for its reader, or die of one that went away.
File memory_file(std::size_t bytes) {
  const int fd = ::memfd_create("batchctl", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  const bool good = ::ftruncate(fd, static_cast<off_t>(bytes)) == 0 && ::fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0;
  return {good ? ::fdopen(fd, "r+") : nullptr, &std::fclose};
}

}  // namespace

std::optional<ProgramEnd> run_program(std::vector<std::string> command, std::string_view input, unsigned seconds) {
  const auto in_file = memory_file(input.size()), out_file = memory_file(kOutputBytesMax);
  if (!in_file || !out_file) return std::nullopt;
  const int in = ::fileno(in_file.get()), out = ::fileno(out_file.get());
  if (::pwrite(in, input.data(), input.size(), 0) != static_cast<ssize_t>(input.size())) return std::nullopt;
  std::vector<char*> words;
  for (auto& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  const auto pid = ::fork();
  if (pid == 0) {
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(seconds);  // goes on in the program
    ::execvp(words.front(), words.data());
    ::_exit(kCannotRun);
  }
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return std::nullopt;
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (code == kCannotRun || code == 128 + SIGALRM) return std::nullopt;
  std::string said(static_cast<std::size_t>(::lseek(out, 0, SEEK_CUR)), '\0');  // as far as it has written
  if (::pread(out, said.data(), said.size(), 0) != static_cast<ssize_t>(said.size())) return std::nullopt;
  return ProgramEnd{code, std::move(said)};
}

}  // namespace batchd::ctl
