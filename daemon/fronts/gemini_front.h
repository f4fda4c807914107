// What the calls below /gemini/ have in common (gemini_front.cpp, gemini_embeds.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/types.h"
#include "daemon/api/route.h"
#include "proto/api/api.h"

namespace batchd::daemon {

// Ten years: longer than any client waits, and neither its sum with a time nor its nanoseconds overflow.
inline constexpr core::Duration kForever = std::chrono::hours(24 * 365 * 10);

// Returns what is digested before a call's bytes: the same bytes on another path are another call.
std::string call_prefix(const core::Lane& lane, std::string_view verb);

// Returns the rows of Google's own paths.
Routes gemini_routes();

// Answers :batchEmbedContents (gemini_embeds.cpp), a call of many requests; each of them gets the properties of `like`.
Task<void> embed_many(Desk& desk, Exchange& exchange, core::NewRequest like);

// What becomes of a request when its call is over.
enum class CallEnd : std::uint8_t {
  orphan,     // its caller has no complete answer: the same call made again takes it over
  answered,   // its caller was sent its response or error
  abandoned,  // its response can't be delivered: the same call made again is a new request
};
struct EndedCall {
  core::RequestId request;
  CallEnd end = CallEnd::orphan;
};
// Notes the ends of `calls` in the store; to be called before the handler returns. An answered request becomes an
// orphan for retention.reattach_grace if the client turns out not to have received the answer; else it is over, and
// acknowledged. If the store can't note the ends, or the process dies before it knows whether the answer arrived, the
// next start makes orphans of these requests.
Task<void> end_calls(Engine& engine, Exchange& exchange, std::vector<EndedCall> calls);

// Answers with the problem in Google's shape.
Task<void> reply_front_problem(Exchange& exchange, proto::Problem problem);

// Returns how often this waiting call sends an interim answer: interim_period() for an SDK that may say what it is in a
// header of its own.
core::Duration front_interim(const RequestHead& head, const Engine& engine);

// Returns the problem to report for a request that can't be waited for: an accepted request that isn't found was
// purged.
proto::Problem front_problem(const proto::Problem& problem, core::RequestId request);

// Logs and counts that the stored response of `request` can't be read, and returns the error for its caller.
core::RequestError damaged_response(Engine& engine, core::RequestId request);

// Returns the error for a response that isn't JSON (`fault`: ResponseCheck::finish()), as Google's clients expect it to
// be.
core::RequestError response_is_no_json(core::RequestId request, std::string_view fault);

// Returns the error for a response that can't be read now and isn't known to be damaged: batchd stops, or it was purged
// meanwhile.
core::RequestError unreadable_now(core::RequestId request);

// Answers with the error in Google's shape. Returns false if the client didn't get all of it.
Task<bool> reply_error(Exchange& exchange, const core::RequestError& error);

}  // namespace batchd::daemon
