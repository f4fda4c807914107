// Renders answers as bytes.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

std::string_view reason_phrase(int status);

// Instead of a length: how a body of unknown length is delimited.
inline constexpr std::int64_t kInChunks = -1;
inline constexpr std::int64_t kUntilClosed = -2;

// Returns the head of an answer, the empty line included; a 204 or 304 has no Content-Length.
// Control characters in values become spaces, so that no text chosen by a client can add a header.
std::string render_head(const ReplyHead& head, std::int64_t body_bytes, std::string_view date, bool close);

// The value of the Date header, rendered at most once a second.
class DateText {
 public:
  std::string_view now();

 private:
  std::time_t second_ = 0;
  std::string text_;
};

}  // namespace batchd::daemon
