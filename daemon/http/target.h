// The request target: path and query, percent-decoded. No I/O.
#pragma once

#include <string_view>

#include "daemon/http/http_server.h"

namespace batchd::daemon {

// Fills path and query of `head`. False: not in origin form, a bad escape, NUL, or a "." or ".." segment.
bool parse_target(std::string_view target, RequestHead& head);

}  // namespace batchd::daemon
