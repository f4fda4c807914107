#include "ctl/key/secret.h"

#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "config/api_key.h"

namespace batchd::ctl {
namespace {

constexpr std::size_t kBytesMax = 2 * config::kApiKeyBytesMax;  // white space around it is forgiven

volatile std::sig_atomic_t caught_signal = 0;

void note_signal(int signal) { caught_signal = signal; }

bool in_front(int fd) { return ::tcgetpgrp(fd) == ::getpgrp(); }

// Stops us, as the kernel stops all who read in the background, until somebody brings us to the front. False: that
// can't come to be, since nobody does job control here.
bool comes_to_front(int fd) {
  struct sigaction noting {
  }, before{};
  noting.sa_handler = note_signal;
  ::sigaction(SIGCONT, &noting, &before);
  bool stopped = true;
  while (stopped && !in_front(fd)) {
    caught_signal = 0;
    ::kill(0, SIGTTIN);
    stopped = caught_signal == SIGCONT;
  }
  ::sigaction(SIGCONT, &before, nullptr);
  return stopped;
}

// The signals by which people and systems end or stop a program come only while waits() waits, so that none of them
// finds the terminal silenced. Who was stopped by force comes back by SIGCONT, perhaps to a terminal that shows again,
// or in the background. SIGTTOU isn't among them: it keeps us from changing the terminal of whoever is in front.
class SignalGate {
 public:
  SignalGate() {
    caught_signal = 0;
    sigset_t blocked;
    ::sigemptyset(&blocked);
    for (const int signal : kSignals) ::sigaddset(&blocked, signal);
    ::sigprocmask(SIG_BLOCK, &blocked, &before_);
    struct sigaction noting {};
    noting.sa_handler = note_signal;
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &noting, &actions_[i]);
  }
  SignalGate(const SignalGate&) = delete;
  SignalGate& operator=(const SignalGate&) = delete;
  ~SignalGate() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &actions_[i], nullptr);
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);  // what came meanwhile comes now
    if (caught_signal != 0) ::raise(caught_signal);
  }

  // Until there is something to read; false: a signal came first.
  bool waits(int fd) const {
    pollfd entry{fd, POLLIN, 0};
    while (caught_signal == 0)
      if (::ppoll(&entry, 1, nullptr, &before_) > 0) return true;
    return false;
  }

 private:
  static constexpr std::array<int, 7> kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGCONT};
  sigset_t before_;
  std::array<struct sigaction, kSignals.size()> actions_;
};

// A terminal that doesn't show what is typed. What was typed beyond the line is thrown away: the shell that comes next
// must not get the rest of a key.
class Silence {
 public:
  explicit Silence(int fd) : fd_(fd), silent_(::tcgetattr(fd, &before_) == 0) {
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    silent_ = silent_ && ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (silent_ && in_front(fd_)) ::tcsetattr(fd_, TCSAFLUSH, &before_);  // else it is another's
  }
  bool silent() const { return silent_; }

 private:
  const int fd_;
  termios before_{};
  bool silent_;
};

void show(std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count <= 0 && errno != EINTR) return;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

Secret::Secret() : bytes_(kBytesMax) {}
Secret::~Secret() { ::explicit_bzero(bytes_.data(), bytes_.size()); }

core::Result<bool> Secret::read_more(int fd) {
  if (size_ == bytes_.size()) return core::Error{core::Errc::too_large, "what was given is longer than a key"};
  for (;;) {
    const auto count = ::read(fd, bytes_.data() + size_, bytes_.size() - size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return core::Error{core::Errc::invalid, std::string("can't read the key: ") + ::strerror(errno)};
    size_ += static_cast<std::size_t>(count);
    return count > 0;
  }
}

core::Result<void> Secret::read_all(int fd) {
  for (;;) {
    const auto more = read_more(fd);
    if (!more) return more.error();
    if (!*more) return {};
  }
}

core::Result<void> Secret::read_line(int fd, std::string_view prompt) {
  for (;;) {  // once more after each stop by job control
    if (!comes_to_front(fd))
      return core::Error{core::Errc::invalid, "can't ask for the key in the background of this terminal"};
    {
      SignalGate gate;
      const Silence silence(fd);
      if (!silence.silent()) return core::Error{core::Errc::invalid, "can't keep this terminal from showing the key"};
      show(prompt);
      while (gate.waits(fd)) {
        const auto more = read_more(fd);
        if (!more) return more.error();
        if (!*more || text().ends_with('\n')) return {};
      }
    }
    show("\n");
    size_ = 0;
  }
}

core::Result<void> Secret::ask(int fd, std::string_view prompt) {
  auto read = read_line(fd, prompt);
  show("\n");
  return read;
}

}  // namespace batchd::ctl
