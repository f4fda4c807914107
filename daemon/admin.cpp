// An operator's word on a batch that is held.
#include "daemon/api.h"
#include "daemon/log.h"

namespace batchd::daemon {

using core::BatchState;

namespace {

constexpr std::size_t kAdminBodyBytesMax = 4096;

Task<core::Result<std::string>> read_small_body(Exchange& exchange) {
  std::string body;
  for (;;) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return body;
    body += *piece;
    if (body.size() > kAdminBodyBytesMax) co_return core::Error{core::Errc::too_large, "the body is too large"};
  }
}

Task<core::Result<core::Batch>> find_held(Engine& engine, std::string_view text) {
  const auto id = core::parse_id<core::BatchId>(text);
  if (!id) co_return core::Error{core::Errc::not_found, "no such batch"};
  auto batch = co_await engine.store.read(&core::Store::get_batch, *id);
  if (batch && batch->state != BatchState::held)
    co_return core::Error{core::Errc::conflict,
                          "the batch is " + std::string(core::to_text(batch->state)) + ", not held"};
  co_return batch;
}

Task<void> answer(Exchange& exchange, const core::Result<core::Batch>& batch) {
  if (!batch) {
    co_await reply_problem(exchange, problem_of(batch.error()));
    co_return;
  }
  std::string body =
      "{\"id\":\"" + core::to_text(batch->id) + "\",\"state\":\"" + std::string(core::to_text(batch->state)) + "\"}\n";
  co_await reply_json(exchange, 200, std::move(body));
}

}  // namespace

// "This is its job": the batch goes on as if the create had been answered.
Task<void> Api::adopt(Exchange& exchange, std::string_view id) {
  auto body = co_await read_small_body(exchange);
  auto job = body ? proto::parse_adopt(*body) : core::Result<std::string>(body.error());
  if (!job) {
    co_await reply_problem(exchange, problem_of(job.error()));
    co_return;
  }
  auto batch = co_await find_held(engine_, id);
  if (batch) {
    log_event(LogLevel::info, "operator_adopts",
              {{"batch", batch->id}, {"job", *job}, {"owner", exchange.peer().owner}});
    const core::BatchPatch patch{.job = *job, .message = "", .submitted_at = engine_.clock.wall()};
    batch = co_await engine_.mark(*batch, BatchState::submitted, patch);
  }
  co_await answer(exchange, batch);
}

// "Send it again": through the fence if no job was ever seen and our key can still prove it; else the operator's word
// is the proof, and what may have been charged is booked.
Task<void> Api::requeue(Exchange& exchange, std::string_view id) {
  auto batch = co_await find_held(engine_, id);
  if (batch) {
    const auto* account = engine_.accounts.find(batch->lane.account);
    const bool can_fence = batch->job.empty() && account != nullptr && account->credential == batch->credential &&
                           account->provider->caps().fence;
    log_event(LogLevel::info, "operator_requeues",
              {{"batch", batch->id}, {"by", can_fence ? "fence" : "word"}, {"owner", exchange.peer().owner}});
    core::BatchPatch patch;
    if (can_fence)
      patch.fence_begun = true;
    else
      patch.released = true;
    batch = co_await engine_.mark(*batch, can_fence ? BatchState::fencing : BatchState::collecting, std::move(patch));
  }
  co_await answer(exchange, batch);
}

}  // namespace batchd::daemon
