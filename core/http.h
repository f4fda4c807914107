// An HTTP exchange as data. Dialogues (core/provider.h) name calls and are given events; daemon/provider/https_client
// makes the calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/ids.h"

namespace batchd::core {

struct HttpHeader {
  std::string name, value;
};

// Bytes [offset, offset + bytes) of a batch's JSONL, line frames (Provider::encode_line) included. Streamed from the
// store.
struct BatchSlice {
  BatchId batch;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

struct HttpCall {
  enum class Sink : std::uint8_t {
    memory,  // the body of the answer is in HttpEvent::body; at most kControlBodyBytesMax
    lines,   // the body of a 2xx answer is streamed to the caller's byte sink; other bodies are as with `memory`
  };
  std::string method;
  std::string target;               // path and query on the account's base URL; never another origin
  std::vector<HttpHeader> headers;  // the client adds Host, the credential, User-Agent, Content-Length
  std::variant<std::monostate, std::string, BatchSlice> body;
  Sink sink = Sink::memory;
  bool single_shot = false;  // on a fresh connection, and never tried a second time
};

inline constexpr std::int64_t kControlBodyBytesMax = 8 << 20;  // a page of 100 jobs is about 100 KB

struct HttpEvent {
  enum class Kind : std::uint8_t {
    begin,      // nothing has happened yet: the dialogue names its first call
    not_sent,   // it is certain that not one byte of the request was written (resolve, connect or TLS failed)
    no_answer,  // a byte may have been sent, but no complete answer came: reset, timeout, cut body, unparsable head
    answer,     // a complete answer came
  };
  Kind kind = Kind::begin;
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;
  std::string redirect;  // of a 3xx: its location as HttpCall::target; empty if it has none, or another origin
  std::int64_t streamed_bytes = 0;  // how many bytes the byte sink was given
  std::string detail;               // of not_sent and no_answer: what happened, for the log

  // Returns the value of the first header with this name (case doesn't matter), empty if there is none.
  std::string_view header(std::string_view name) const;
};

}  // namespace batchd::core
