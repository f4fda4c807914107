// One call on one connection: it writes the request and reads the answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/provider/https_answer.h"
#include "daemon/provider/https_client.h"
#include "daemon/provider/https_connection.h"

namespace batchd::daemon {

// Everything that a call is made from; all of it must outlive the CallRun.
struct CallParts {
  const HttpsClientConfig& config;
  const BaseUrl& url;
  const core::HttpCall& call;
  SliceOpener* slices;
  ByteSink* sink;
};

class CallRun {
 public:
  CallRun(const CallParts& parts, Connection& connection) : parts_(parts), connection_(connection) {}

  Task<core::HttpEvent> run();

  bool started() const { return started_; }    // the first write has begun: from then on nothing proves "not sent"
  bool answered() const { return answered_; }  // at least one byte has come back
  bool timed_out() const { return timed_out_; }
  bool reusable() const { return reusable_; }  // the answer is complete, and nothing came after it

 private:
  // How sending the request ended. `broken` means that the connection failed, but may still hold an early answer;
  // `abandoned` means that the call was cancelled or its slice can't be read.
  struct Sending {
    enum class End : std::uint8_t { done, broken, abandoned } end = End::done;
    std::string detail;
  };
  std::string head() const;
  Task<Sending> send();
  Task<Sending> send_text(std::string head, std::string_view body);
  Task<Sending> send_slice(std::string head, const core::BatchSlice& slice);
  Task<Sending> send_bytes(std::string_view bytes);
  Task<core::HttpEvent> receive(core::Duration timeout);
  Task<std::string> read_answer(core::HttpEvent& event, Connection::Instant until);
  Task<std::string> drain_body(core::HttpEvent& event);
  bool streams() const;
  core::HttpEvent failed(std::string detail) const;

  const CallParts& parts_;
  Connection& connection_;
  std::unique_ptr<AnswerReader> answer_;
  bool started_ = false;
  bool answered_ = false;
  bool timed_out_ = false;
  bool reusable_ = false;
};

// Returns true if the awaiting coroutine has been cancelled. Check it after every wait, since an operation may complete
// successfully in spite of the cancellation.
inline Task<bool> cancelled() {
  co_return (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
}

}  // namespace batchd::daemon
