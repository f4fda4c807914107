// Steps that several commands share: waiting for a request, showing one, acknowledging results.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctl/commands/commands.h"

namespace batchd::ctl {

// Returns the request object when the request has ended or the deadline has passed, or an exit code after the error was
// reported.
std::variant<std::string, int> await_request(Session& session, const std::string& id, WaitLimit deadline);

// Prints the answer's text, the bytes of a response that isn't JSON, or the error on standard error; with --json the
// object. Returns kTryLater if the request
// hasn't ended.
int show_request(Session& session, std::string_view object);

// Acknowledges at most 1,000 printed results; call it only after standard output was written. Returns an exit code; an
// error was reported.
int acknowledge(Session& session, const std::vector<std::string>& ids);

}  // namespace batchd::ctl
