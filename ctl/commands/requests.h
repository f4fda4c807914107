// Steps that several commands share: waiting for a request, showing one, acknowledging results.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctl/commands/commands.h"

namespace batchd::ctl {

// The request object as it is when the request has ended or the deadline has come; or an exit code, reported.
std::variant<std::string, int> await_request(Session& session, const std::string& id, WaitLimit deadline);

// The answer's text, or the error on standard error; with --json the object. kTryLater: it hasn't ended.
int show_request(Session& session, std::string_view object);

// Of what was printed, at most 1,000; only after standard output has taken it. An exit code, reported.
int acknowledge(Session& session, const std::vector<std::string>& ids);

}  // namespace batchd::ctl
