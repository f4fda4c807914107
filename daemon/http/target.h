// Parses the request target: path and query, percent-decoded. No I/O.
#pragma once

#include <string_view>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

// Fills path and query of `head`. Returns false if the target is not in origin form, or has a bad escape, a NUL, or a
// "." or ".." segment.
bool parse_target(std::string_view target, RequestHead& head);

}  // namespace batchd::daemon
