// Reads the body of a call that is no submission.
#pragma once

#include <string>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

inline constexpr std::size_t kAdminBodyBytesMax = 4096;

// Returns the whole body. Errc::too_large if it is longer than `bytes_max`, else the error that ended it.
inline Task<core::Result<std::string>> read_small_body(Exchange& exchange, std::size_t bytes_max = kAdminBodyBytesMax) {
  std::string body;
  for (;;) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return body;
    body += *piece;
    if (body.size() > bytes_max) co_return core::Error{core::Errc::too_large, "the body is too large"};
  }
}

}  // namespace batchd::daemon
