// Answers that are the same for every call: problems in the shape that the path's clients know, and JSON.
//
// Problems and heads are named or come from a function: g++ 12 destroys an aggregate twice that is written with braces
// inside a co_await expression.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/ids.h"
#include "daemon/http/http_server.h"
#include "proto/api/api.h"

namespace batchd::daemon {

using proto::Problem;

Problem make_problem(int status, std::string_view code, std::string_view detail, bool retryable = false,
                     std::string_view hint = {});
Problem problem_of(const core::Error& error);
Problem problem_of_fault(const proto::SubmissionFault& fault);
Problem stopping_problem();
Problem revoked_problem();  // of a call that was waiting when its bearer token was revoked
Problem unknown_account(std::string_view account);
// Of a submission that repeats one whose request has been purged.
Problem result_gone(core::RequestId request);

// Returns head and body of a problem: in Google's shape below /gemini/, else as problem+json.
std::pair<ReplyHead, std::string> render_problem(std::string_view path, const Problem& problem);
// Returns how the server words what it refuses before there is an exchange.
std::pair<ReplyHead, std::string> render_error(int status, std::string_view code, std::string_view detail);

Task<void> reply_problem(Exchange& exchange, Problem problem);
Task<void> reply_json(Exchange& exchange, int status, std::string body);

}  // namespace batchd::daemon
