#include "ctl/key/secret.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "config/api_key.h"
#include "ctl/console/command_error.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

termios before;  // how the terminal was: a signal's handler needs it, too

// What was typed beyond the line is thrown away: the shell that comes next must not get the rest of a key.
void show_again() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); }

void end_by(int signal) {
  show_again();
  ::signal(signal, SIG_DFL);
  ::raise(signal);  // comes when this has returned
}

void handle_ends(void (*handler)(int)) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::signal(signal, handler);
}

void silence(const std::string& prompt) {
  const bool known = ::tcgetattr(STDIN_FILENO, &before) == 0;
  auto silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
  silent.c_cc[VSUSP] = _POSIX_VDISABLE;  // from a stop, shells bring us back to a terminal that shows again
  if (known) handle_ends(end_by);
  if (!known || ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
    throw CommandError{kBadInput, "can't keep this terminal from showing the key"};
  std::cerr << prompt;
}

core::Result<std::string> read_all(bool one_line) {
  std::string text(2 * config::kApiKeyBytesMax, '\0');  // white space around it is forgiven
  for (std::size_t size = 0; size < text.size();) {
    const auto count = ::read(STDIN_FILENO, text.data() + size, text.size() - size);
    if (count < 0) return core::Error{core::Errc::invalid, std::string("can't read the key: ") + std::strerror(errno)};
    size += static_cast<std::size_t>(count);
    if (count == 0 || (one_line && text[size - 1] == '\n')) return text.substr(0, size);
  }
  return core::Error{core::Errc::too_large, "what was given is longer than a key"};
}

}  // namespace

std::string read_secret(const std::string& file, const std::string& prompt) {
  if (file != "-" && std::freopen(file.c_str(), "re", stdin) == nullptr)
    throw CommandError{kBadInput, "can't read " + file + ": " + std::strerror(errno)};
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (terminal) silence(prompt);
  auto text = read_all(terminal);
  if (terminal) {
    show_again();
    handle_ends(SIG_DFL);
    std::cerr << '\n';
  }
  if (!text) throw CommandError{kBadInput, text.error().detail};
  return std::move(*text);
}

}  // namespace batchd::ctl
