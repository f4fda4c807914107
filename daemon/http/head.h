// The head of a request, read strictly: what two readers could understand differently is refused. No I/O.
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

inline constexpr std::size_t kHeaderBytesMax = 16 << 10;  // request line and header fields together
inline constexpr std::size_t kTargetBytesMax = 8 << 10;
inline constexpr std::size_t kHostBytesMax = 255;

// Why a request isn't served. The connection ends with the answer. Both texts are literals.
struct BadHead {
  int status;
  std::string_view code;
  std::string_view detail;
};

struct ParsedHead {
  RequestHead head;
  bool old_client = false;  // speaks HTTP/1.0: no chunks, no keep-alive
  bool keep_alive = true;
  bool expects_continue = false;
};

// Where the head that `bytes` begins with ends, or npos while that can't be known. A bare line feed ends it too, for
// parse_head() to refuse it at once.
std::size_t find_head_end(std::string_view bytes);

// `text` is what find_head_end() delimits.
std::variant<ParsedHead, BadHead> parse_head(std::string_view text);

// The refusal of a head that didn't end within kHeaderBytesMax.
BadHead oversized_head(std::string_view bytes);

}  // namespace batchd::daemon
