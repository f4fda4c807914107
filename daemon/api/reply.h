// Answers that are the same for every call: problems, and JSON.
//
// Problems and heads are named objects or come from a function: g++ 12 destroys an aggregate twice if it is written
// with braces inside a co_await expression.
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
// Returns the problem to report for an error of the store, or for a fault that a reader of a body has found.
Problem problem_of(const core::Error& error);
Problem problem_of_fault(const proto::SubmissionFault& fault);
Problem stopping_problem();
Problem revoked_problem();  // for a call that was waiting when its bearer token was revoked
Problem unknown_account(std::string_view account);
// Returns the problem for a submission that repeats one whose request has been purged.
Problem result_gone(core::RequestId request);

// Returns the head and body that report a problem as problem+json. Rows of a route table may bring another rendering
// (Route::render).
std::pair<ReplyHead, std::string> render_problem(const Problem& problem);
// Returns the head and body of an answer that the server gives before there is an exchange.
std::pair<ReplyHead, std::string> render_error(int status, std::string_view code, std::string_view detail);

Task<void> reply_problem(Exchange& exchange, Problem problem);  // as problem+json
Task<void> reply_json(Exchange& exchange, int status, std::string body);

}  // namespace batchd::daemon
