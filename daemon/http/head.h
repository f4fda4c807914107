// Parses the head of a request, strictly: what two parsers could understand differently is refused. No I/O.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

inline constexpr std::size_t kHeaderBytesMax = 16 << 10;  // request line and header fields together
inline constexpr std::size_t kTargetBytesMax = 8 << 10;
inline constexpr std::size_t kHostBytesMax = 255;

// Why a request isn't served. The connection is closed after the answer. Both texts are literals.
struct BadHead {
  int status;
  std::string_view code;
  std::string_view detail;
};

struct ParsedHead {
  RequestHead head;
  bool old_client = false;  // the client speaks HTTP/1.0: no chunks, no keep-alive
  bool keep_alive = true;
  bool expects_continue = false;
};

// Returns the length of the head that `bytes` begins with, or npos if its end has not arrived. A bare line feed counts
// as the end too, so that parse_head() refuses it at once.
std::size_t find_head_end(std::string_view bytes);

// Parses `text`, a head as delimited by find_head_end(); returns why it is refused if it is.
std::variant<ParsedHead, BadHead> parse_head(std::string_view text);

// Returns the refusal of a head that didn't end within kHeaderBytesMax.
BadHead oversized_head(std::string_view bytes);

}  // namespace batchd::daemon
