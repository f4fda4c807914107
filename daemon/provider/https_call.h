// One call on one connection: it writes the request and reads the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/provider/https_answer.h"
#include "daemon/provider/https_client.h"
#include "daemon/provider/https_connection.h"
#include "proto/json/elements.h"
#include "proto/json/omit.h"

namespace batchd::daemon {

// How far the sending of a call got, in all its tries together.
struct CallProgress {
  bool begun = false;       // a write of the request has begun: from then on nothing proves that no byte was sent
  bool last_begun = false;  // the write that holds its last byte has begun: nothing proves that it was not sent

  // Returns which event the call ends with if no complete answer comes.
  core::HttpEvent::Kind without_answer() const;
};

// Everything that a call is made from; all of it must outlive the CallRun.
struct CallParts {
  const HttpsClientConfig& config;
  const BaseUrl& url;
  const core::HttpCall& call;
  SliceOpener* slices;
  ByteSink* sink;
  CallProgress& progress;
};

class CallRun {
 public:
  CallRun(const CallParts& parts, Connection& connection) : parts_(parts), connection_(connection) {}

  Task<core::HttpEvent> run();

  bool answered() const { return answered_; }  // at least one byte has come back
  bool timed_out() const { return timed_out_; }
  bool reusable() const { return reusable_; }  // the request was written whole, and nothing came after its answer

 private:
  // How sending the request ended. `broken` means that the connection failed, but may still hold an early answer;
  // `abandoned` means that the call was cancelled or a slice can't be read.
  struct Sending {
    enum class End : std::uint8_t { done, broken, abandoned } end = End::done;
    std::string detail;
  };
  std::string head() const;
  Task<Sending> send();
  Task<Sending> add_slice(const core::BatchSlice& slice);
  Task<Sending> add(std::string_view bytes);
  Task<Sending> write_held();
  Task<Sending> write_last();
  Task<Sending> write(std::string_view bytes, bool last);
  Task<core::HttpEvent> receive(core::Duration timeout);
  Task<std::string> read_answer(core::HttpEvent& event, Connection::Instant until);
  Task<std::string> drain_body(core::HttpEvent& event);
  bool streams() const;
  void take_body();
  core::HttpEvent failed(std::string detail) const;

  const CallParts& parts_;
  Connection& connection_;
  std::unique_ptr<AnswerReader> answer_;
  std::optional<json::Omit> left_out_;   // HttpCall::left_out
  std::optional<json::Elements> lines_;  // HttpCall::lines_in, once a 2xx answer has begun
  std::string body_;                     // of the answer: what is kept of it, and not in the sink yet
  std::string held_;                     // the end of what has been added: not written yet
  std::int64_t left_ = 0;                // bytes of the body that have not been added yet
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
