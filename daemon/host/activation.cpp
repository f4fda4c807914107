#include "daemon/host/activation.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <cstddef>
#include <system_error>

namespace batchd::daemon {
namespace {

core::Error refused(const std::string& what) {
  return {core::Errc::invalid, "socket activation: " + what +
                                   "; what can be passed is one listening Unix stream socket (ListenStream=/PATH), and "
                                   "TCP is for server.listen"};
}

// Returns what is wrong with the descriptor, empty if it can be used.
std::string judge(int descriptor) {
  const auto is = [&](int type, int listening) { return ::sd_is_socket(descriptor, AF_UNIX, type, listening) > 0; };
  if (is(SOCK_STREAM, 1)) return "";
  if (is(SOCK_STREAM, 0)) return "the Unix socket that was passed doesn't listen";
  if (is(0, -1)) return "the Unix socket that was passed is no stream socket";
  if (::sd_is_socket(descriptor, AF_UNSPEC, 0, -1) > 0) return "the socket that was passed is no Unix socket";
  return "what was passed is no socket";
}

std::string path_of(int descriptor) {
  sockaddr_un address{};
  socklen_t bytes = sizeof address;
  // The way the socket interface passes addresses.
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return "";
  const std::string path(address.sun_path, bytes - offsetof(sockaddr_un, sun_path));
  if (path.starts_with('\0')) return '@' + path.substr(1);
  return path.substr(0, path.find('\0'));
}

}  // namespace

core::Result<std::optional<PassedSocket>> take_passed_socket() {
  const int passed = ::sd_listen_fds(1);
  if (passed == 0) return std::nullopt;
  if (passed < 0) return refused("$LISTEN_FDS: " + std::generic_category().message(-passed));
  if (passed > 1) return refused(std::to_string(passed) + " descriptors were passed");
  if (const auto wrong = judge(SD_LISTEN_FDS_START); !wrong.empty()) return refused(wrong);
  return PassedSocket{SD_LISTEN_FDS_START, path_of(SD_LISTEN_FDS_START)};
}

bool same_file(const std::string& a, const std::string& b) {
  if (a == b) return true;
  struct stat first {
  }, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace batchd::daemon
