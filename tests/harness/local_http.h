// A blocking HTTP/1.1 client on a Unix socket or over TCP, for one thread: just what batchd's local API needs. An
// answer that is cut off is never taken for a complete one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/harness/wait.h"

namespace batchd::harness {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpReply {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
  std::string header(std::string_view lower_case_name) const;  // the first one's value, or empty
};

class LocalHttp {
 public:
  explicit LocalHttp(std::string socket_path) : socket_path_(std::move(socket_path)) {}
  explicit LocalHttp(std::uint16_t tcp_port) : tcp_port_(tcp_port) {}  // at 127.0.0.1
  ~LocalHttp() { close(); }
  LocalHttp(const LocalHttp&) = delete;
  LocalHttp& operator=(const LocalHttp&) = delete;

  // Makes one call and returns the complete answer. Returns nullopt, and closes the connection, if it can't connect,
  // the answer is cut off, or `patience` is over. Connects when needed; doesn't retry on a kept connection that the
  // server has closed. A Host among `headers` replaces the usual one.
  std::optional<HttpReply> call(std::string_view method, std::string_view target, std::string_view body = {},
                                const Headers& headers = {}, Milliseconds patience = kPatience);
  std::optional<HttpReply> get(std::string_view target, const Headers& headers = {}) {
    return call("GET", target, {}, headers);
  }
  std::optional<HttpReply> post(std::string_view target, std::string_view body, const Headers& headers = {}) {
    return call("POST", target, body, headers);
  }

  // The two halves of call(), for a caller that does something in between.
  bool send(std::string_view method, std::string_view target, std::string_view body, const Headers& headers,
            Milliseconds patience = kPatience);
  std::optional<HttpReply> receive(Milliseconds patience = kPatience);
  // For anything but one call and one answer. send_bytes() sends any bytes; read_until() reads an answer that goes on
  // (chunked) up to the end of `mark`, or to the answer's end if that comes first. nullopt: cut off, or `patience` is
  // over.
  bool send_bytes(std::string_view bytes, Milliseconds patience = kPatience);
  std::optional<HttpReply> receive_head(Milliseconds patience = kPatience);  // body is empty
  std::optional<std::string> read_until(std::string_view mark, Milliseconds patience = kPatience);
  std::optional<std::string> read_bytes(std::size_t count,
                                        Milliseconds patience = kPatience);  // not of a chunked answer
  // Returns true if there is something to read; reads nothing.
  bool readable(Milliseconds patience = kPatience) const;
  void close();
  void reset();         // over TCP: the other side sees a reset
  void stop_reading();  // on a Unix socket: the other side's writes fail from now on

 private:
  bool connect();
  bool wait_for(short events, SteadyTime deadline) const;
  bool write(std::string_view bytes, SteadyTime deadline);
  bool read_more(SteadyTime deadline);
  std::optional<std::string> read_chunk(SteadyTime deadline);  // empty if it is the last

  std::string socket_path_;
  std::uint16_t tcp_port_ = 0;
  int fd_ = -1;
  std::string buffer_;
  std::string stream_;  // of a chunked body: bytes that were not returned yet
};

}  // namespace batchd::harness
