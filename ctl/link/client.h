// An HTTP/1.1 client: one call at a time on one kept connection. Blocking; for one thread.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ctl/link/address.h"
#include "ctl/link/body.h"
#include "ctl/link/connection.h"
#include "ctl/link/trouble.h"

namespace batchd::ctl {

struct Call {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string content_type = "application/json";  // of a POST
  // True if the call may be sent twice: a GET, a DELETE, or a POST with an Idempotency-Key.
  bool repeatable = true;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // the longest time in which no byte moves
  BodySource* source = nullptr;                                  // instead of `body`
  BodySink* sink = nullptr;                                      // takes the body of an answer of 2xx
};

struct Answer {
  int status = 0;
  std::string body;             // empty if the call's sink took it
  int retry_after_seconds = 0;  // 0 if the answer has no Retry-After
  bool repeated = false;        // the call had been sent before, with an unknown outcome
};

using Reply = std::variant<Answer, Trouble>;

class Client {
 public:
  explicit Client(Address address) : address_(std::move(address)) {}

  // A kept connection that turns out to be dead is replaced once, silently, if the call is repeatable.
  Reply call(const Call& call);
  const Address& address() const { return address_; }
  bool ever_connected() const { return ever_connected_; }

 private:
  Reply exchange(const Call& call, bool& silent);
  Connection::Sent send(const Call& call);
  Connection::Sent send_source(const Call& call);
  Reply receive(const Call& call, bool& silent);
  std::string head_of(const Call& call) const;

  Address address_;
  Connection connection_;
  bool ever_connected_ = false;
};

}  // namespace batchd::ctl
