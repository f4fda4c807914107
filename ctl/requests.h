// Steps that several commands share: posting one request, waiting for one, showing one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "ctl/commands.h"

namespace batchd::ctl {

using WaitDeadline = std::optional<std::chrono::steady_clock::time_point>;
WaitDeadline deadline_of(const Wait& wait);

// POST /v1/requests. `request` and `key` are JSON values, verbatim; an empty key: none.
Call post_call(std::string_view model, std::string_view request, std::string_view key,
               const std::string& idempotency_key);

// The request object as it is when the request has ended or the deadline has come; or an exit code, reported.
std::variant<std::string, int> await_request(Session& session, const std::string& id, WaitDeadline deadline);

// The answer's text, or the error on standard error; with --json the object. kTryLater: it hasn't ended.
int show_request(Session& session, std::string_view object);

}  // namespace batchd::ctl
