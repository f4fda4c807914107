// An HTTP exchange as data. Dialogues (core/provider.h) ask for calls and are told events; only daemon/https_client
// does them.
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

// Bytes [offset, offset + bytes) of a batch's JSONL, as the provider's line frame makes it. Streamed from the store.
struct BatchSlice {
  BatchId batch;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

struct HttpCall {
  enum class Sink : std::uint8_t {
    memory,  // the answer's body, up to kControlBodyBytesMax, arrives in HttpEvent::body
    lines,   // a 2xx body is streamed to the caller's byte sink instead; other answers still go to memory
  };
  std::string method;
  std::string target;               // path and query on the account's base URL; never another origin
  std::vector<HttpHeader> headers;  // the client adds Host, the credential, User-Agent, Content-Length
  std::variant<std::monostate, std::string, BatchSlice> body;
  Sink sink = Sink::memory;
  bool single_shot = false;  // a fresh connection, and no second try of any kind
};

inline constexpr std::int64_t kControlBodyBytesMax = 8 << 20;  // a page of 100 jobs is about 100 KB

struct HttpEvent {
  enum class Kind : std::uint8_t {
    begin,      // nothing has happened yet: name your first call
    not_sent,   // proven: not one byte of the request was written (resolve, connect or TLS failed)
    no_answer,  // at least one byte may have left, no complete answer came: reset, timeout, cut body, unparsable head
    answer,     // a complete answer
  };
  Kind kind = Kind::begin;
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;
  std::string redirect;  // of a 3xx: where it leads, as a call's target; empty: to another origin, or nowhere
  std::int64_t streamed_bytes = 0;  // given to the byte sink
  std::string detail;               // of not_sent and no_answer, for the log

  // The value of the first header of this name (compared without case), or empty.
  std::string_view header(std::string_view name) const;
};

}  // namespace batchd::core
