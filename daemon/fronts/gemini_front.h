// What the calls below /gemini/ have in common (gemini_front.cpp, gemini_embeds.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/types.h"
#include "daemon/api/route.h"
#include "proto/api/api.h"

namespace batchd::daemon {

// Ten years: the client's patience ends first, and sums and nanoseconds of it don't overflow.
inline constexpr core::Duration kForever = std::chrono::hours(24 * 365 * 10);

// What a call's bytes are digested after: the same bytes on another path are another call.
std::string call_prefix(const core::Lane& lane, std::string_view verb);

// Returns the rows of Google's own paths.
Routes gemini_routes();

// :batchEmbedContents (gemini_embeds.cpp): a call of many requests that are all like this one.
Task<void> embed_many(Desk& desk, Exchange& exchange, core::NewRequest like);

// What becomes of a request whose call is over.
enum class CallEnd : std::uint8_t {
  orphan,     // its caller has nothing of it: the same call made again takes it over
  answered,   // its caller has its end
  abandoned,  // it has a response that can't be given: the same call made again is a new request
};
struct EndedCall {
  core::RequestId request;
  CallEnd end = CallEnd::orphan;
};
// Before the handler returns. A request that was answered may become an orphan for retention.reattach_grace, should the
// client turn out not to have taken the answer; else it is over, and acknowledged. If the store can't note it, or the
// process dies before it knows, the next start makes orphans of them.
Task<void> end_calls(Engine& engine, Exchange& exchange, std::vector<EndedCall> calls);

// What to say of a request that can't be waited for: one that was accepted and isn't there was purged.
proto::Problem front_problem(const proto::Problem& problem, core::RequestId request);

// A stored response that its caller was to get can't be read: logs and counts it, and says it.
core::RequestError damaged_response(Engine& engine, core::RequestId request);

// The same for a response that is well, as far as is known: batchd stops, or it was purged meanwhile.
core::RequestError unreadable_now(core::RequestId request);

// In Google's shape. False: the client didn't get all of it.
Task<bool> reply_error(Exchange& exchange, const core::RequestError& error);

}  // namespace batchd::daemon
