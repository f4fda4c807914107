// POST /v1/requests/{id}/retry: submits a request that ended without a response once more, as a new request.
#include <algorithm>

#include "core/limits.h"
#include "daemon/api/accept.h"
#include "daemon/api/api.h"
#include "daemon/api/body_spool.h"
#include "daemon/api/calls.h"
#include "daemon/api/reply.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

bool may_retry(core::RequestState state) {
  return state == core::RequestState::failed || state == core::RequestState::expired ||
         state == core::RequestState::cancelled;
}

// Copies the body, since the old request and its body may be purged at any time.
Task<core::Result<void>> copy_body(StoreClient& store, BodySpool& spool, const core::BodyRef& body,
                                   core::NewRequest& request) {
  constexpr auto kChunk = static_cast<std::int64_t>(core::kChunkBytesMax);
  auto held = co_await spool.hold(std::min(body.bytes, kChunk));
  if (!held) co_return held;
  for (std::int64_t index = 0; index * kChunk < body.bytes; ++index) {
    const auto chunk = co_await store.read(&core::Store::read_chunk, body.id, index);
    if (!chunk) co_return chunk.error();
    request.body += *chunk;
    auto taken = co_await spool.take(request);
    if (!taken) co_return taken;
  }
  co_return co_await spool.finish(request);
}

// Returns what the Idempotency-Key of a retry is bound to: using the same key to retry another request is a mistake.
std::string fingerprint_of(core::RequestId old) { return json::sha256("retry " + core::to_text(old)); }

core::NewRequest like(const core::RequestView& old, core::OwnerId owner, std::string idempotency_key) {
  core::NewRequest request{.owner = owner,
                           .lane = old.lane,
                           .key = old.key,
                           .idempotency_key = std::move(idempotency_key),
                           .channel = old.channel,
                           .labels = old.labels,
                           .tokens = old.tokens};
  if (!request.idempotency_key.empty()) request.fingerprint = fingerprint_of(old.id);
  return request;
}

}  // namespace

Task<void> retry_request(Desk& desk, Exchange& exchange, std::string_view id) {
  auto problem = check_parameters(exchange.head(), {});
  auto key = idempotency_key(exchange.head());
  if (!problem) problem = account_header_unread(exchange.head());
  if (desk.engine.stopping) problem = stopping_problem();
  const auto old_id = core::parse_id<core::RequestId>(id);
  if (!problem && !old_id) problem = make_problem(404, "not_found", "no such request");
  if (problem) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  // An earlier retry with this key is found as long as the key is known, even if the request that it repeated was
  // purged.
  if (!key.empty()) {
    const auto known = co_await desk.engine.store.read(&core::Store::find_accepted, exchange.peer().owner, key,
                                                       fingerprint_of(*old_id));
    if (!known || *known) {
      auto before = known ? core::Result<core::Accepted>(**known) : core::Result<core::Accepted>(known.error());
      core::RequestView nothing;  // unused: the earlier retry is answered as it is stored
      co_await answer_accepted(desk, exchange, std::move(before), std::move(nothing), std::nullopt);
      co_return;
    }
  }
  const auto old = co_await desk.engine.store.read(&core::Store::find_request, exchange.peer().owner, *old_id);
  if (!old)
    problem = problem_of(old.error());
  else if (!may_retry(old->state))
    problem = make_problem(409, "not_failed",
                           "the request is " + std::string(core::to_text(old->state)) +
                               ": only failed, expired and cancelled ones go again");
  if (problem) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  auto request = like(*old, exchange.peer().owner, std::move(key));
  BodySpool spool(desk.engine.store, desk.engine.body_seats, request.owner);
  const auto copied = co_await copy_body(desk.engine.store, spool, old->body, request);
  if (!copied) {
    co_await spool.discard(request);
    co_await reply_problem(exchange, problem_of(copied.error()));
    co_return;
  }
  auto view = view_of(request);
  const auto accepted = co_await accept(desk.engine, std::move(request));
  spool.let_go();
  co_await answer_accepted(desk, exchange, accepted, std::move(view), std::nullopt);
}

}  // namespace batchd::daemon
