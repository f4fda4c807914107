#include "daemon/http/listen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

namespace batchd::daemon {
namespace {

core::Error failed(const std::string& path, std::string_view doing, int error) {
  return {core::Errc::invalid, path + ": " + std::string(doing) + ": " + std::generic_category().message(error)};
}

// Returns 0 if somebody listens on the socket file, else the errno of a connect that doesn't wait.
int try_connect(const std::string& path) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  // The way the socket interface passes addresses.
  const int error = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(probe);
  return error;
}

// Removes a socket file on which nobody listens any more. Returns an error if anything else is at `path`.
core::Result<void> remove_stale(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return failed(path, "stat", errno);
  }
  if (!S_ISSOCK(info.st_mode)) return core::Error{core::Errc::invalid, path + ": exists, and isn't a socket"};
  const int error = try_connect(path);
  // Only a refusal proves that nobody listens; a full backlog, for one, says EAGAIN.
  if (error == 0 || error == EAGAIN) return core::Error{core::Errc::locked, path + ": another process listens here"};
  if (error != ECONNREFUSED) return failed(path, "connect", error);
  if (::unlink(path.c_str()) != 0) return failed(path, "unlink", errno);
  return {};
}

std::optional<asio::ip::tcp::endpoint> parse_endpoint(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == address.npos) return std::nullopt;
  auto host = address.substr(0, colon);
  const auto digits = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (host == "localhost") host = "127.0.0.1";
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  boost::system::error_code not_an_address;
  const auto ip = asio::ip::make_address(std::string(host), not_an_address);
  if (not_an_address || ip.is_v6() != bracketed) return std::nullopt;
  return asio::ip::tcp::endpoint(ip, port);
}

}  // namespace

core::Result<Listener> Listener::open_unix(Executor executor, const std::string& path, unsigned mode,
                                           std::optional<gid_t> group) {
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path) || path.find('\0') != path.npos)
    return core::Error{core::Errc::invalid, path + ": a socket's path has 1 to 107 bytes"};
  if (auto gone = remove_stale(path); !gone) return gone.error();

  Listener listener(executor);
  boost::system::error_code error;
  const asio::local::stream_protocol::endpoint endpoint(path);
  listener.acceptor_.open(endpoint.protocol(), error);
  if (error) return failed(path, "socket", error.value());
  // The file never exists with more rights than it will have, so nobody slips in before the chmod.
  const auto umask_before = ::umask(0117);
  listener.acceptor_.bind(endpoint, error);
  ::umask(umask_before);
  if (error) return failed(path, "bind", error.value());
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return failed(path, "stat", errno);
  listener.path_ = path;
  listener.device_ = info.st_dev;
  listener.inode_ = info.st_ino;
  // In a folder with the set-group-ID bit the file has the right group already.
  if (group && info.st_gid != *group && ::chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0)
    return failed(path, "giving it to server.socket_group (under systemd set Group= of the service instead)", errno);
  if (::chmod(path.c_str(), mode) != 0) return failed(path, "chmod", errno);
  listener.acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed(path, "listen", error.value());
  return listener;
}

// path_ stays empty, because the socket's file isn't ours to remove.
core::Result<Listener> Listener::adopt_unix(Executor executor, int descriptor) {
  Listener listener(executor);
  boost::system::error_code error;
  listener.acceptor_.assign(asio::local::stream_protocol(), descriptor, error);
  if (!error) return listener;
  ::close(descriptor);
  return failed("the socket that was passed", "take over", error.value());
}

core::Result<Listener> Listener::open_tcp(Executor executor, const std::string& address) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint) return core::Error{core::Errc::invalid, address + ": isn't an address and a port"};
  Listener listener(executor);
  boost::system::error_code error;
  listener.acceptor_.open(endpoint->protocol(), error);
  if (error) return failed(address, "socket", error.value());
  listener.acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (error) return failed(address, "reuse", error.value());
  listener.acceptor_.bind(*endpoint, error);
  if (!error) listener.acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error == asio::error::address_in_use)
    return core::Error{core::Errc::locked, address + ": another process listens here"};
  if (error) return failed(address, "bind", error.value());
  const auto bound = listener.acceptor_.local_endpoint(error);
  if (error) return failed(address, "address", error.value());
  asio::ip::tcp::endpoint typed;
  typed.resize(bound.size());
  std::memcpy(typed.data(), bound.data(), bound.size());
  listener.tcp_port_ = typed.port();
  return listener;
}

void Listener::close() {
  if (!acceptor_.is_open()) return;
  // The file is removed while we still listen: until the socket is closed, no other daemon takes the file for stale.
  struct stat info {};
  if (!path_.empty() && ::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_)
    ::unlink(path_.c_str());
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace batchd::daemon
