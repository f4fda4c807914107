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

// Bytes [offset, offset + bytes) of a batch's lines, line frames (Provider::line_frame) included. Streamed from the
// store.
struct BatchSlice {
  BatchId batch;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
};

// A piece of a call's body: text that the dialogue has made, or bytes of a batch.
using BodyPart = std::variant<std::string, BatchSlice>;

struct HttpCall {
  enum class Sink : std::uint8_t {
    memory,  // the body of the answer is in HttpEvent::body; at most kControlBodyBytesMax
    lines,   // the body of a 2xx answer is streamed to the caller's byte sink; other bodies are as with `memory`
  };
  std::string method;
  std::string target;       // path and query on the account's base URL; never another origin
  bool given_path = false;  // the target is from a URL that the provider gave: it may have base_url's prefix already
  std::vector<HttpHeader> headers;  // the client adds Host, the credential, User-Agent, Content-Length
  std::vector<BodyPart> body;       // sent one after the other, under one Content-Length; empty: no body
  Sink sink = Sink::memory;
  // Members of this name, wherever they are in a JSON answer, may be large: with Sink::memory their values, if they are
  // strings, objects or arrays, are replaced by `true` while the answer is read. Empty: nothing is left out.
  std::string left_out;
  // With Sink::lines: the answer is one JSON document, and the sink is given the elements of the first array that isn't
  // empty inside a member of this name, each as one line of JSON. Empty: the answer is lines already.
  std::string lines_in;
  bool single_shot = false;  // on a fresh connection, and never tried a second time
};

inline constexpr std::int64_t kControlBodyBytesMax = 8 << 20;  // a page of 100 jobs is about 100 KB

struct HttpEvent {
  enum class Kind : std::uint8_t {
    begin,      // nothing has happened yet: the dialogue names its first call
    not_sent,   // it is certain that not one byte of the request was written (resolve, connect or TLS failed)
    not_whole,  // it is certain that the last byte of the request was not written, and no complete answer came
    no_answer,  // the whole request may have been sent, and no complete answer came: reset, timeout, cut body, ...
    answer,     // a complete answer came
  };
  Kind kind = Kind::begin;
  bool early = false;  // of an answer: it is certain that the last byte of the request was not written
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;
  std::string redirect;  // of a 3xx: its location as HttpCall::target; empty if it has none, or another origin
  std::int64_t streamed_bytes = 0;  // how many bytes the byte sink was given
  std::string detail;               // of all but an answer: what happened, for the log

  // Returns the value of the first header with this name (case doesn't matter), empty if there is none.
  std::string_view header(std::string_view name) const;
};

}  // namespace batchd::core
