// Batches as operators see them, and their decisions on held ones.
#include "daemon/admin/admin.h"
#include "daemon/api/calls.h"
#include "daemon/api/reply.h"
#include "daemon/api/small_body.h"
#include "daemon/net/log.h"

namespace batchd::daemon {

using core::BatchState;

namespace {

constexpr int kPageDefault = 50, kPageMax = 500;

std::optional<BatchState> batch_state(std::string_view name) {
  for (std::size_t i = 0; i < core::kBatchStates; ++i)
    if (const auto state = static_cast<BatchState>(i); core::to_text(state) == name) return state;
  return std::nullopt;
}

// Which page of GET /admin/batches is asked for.
struct Listing {
  std::vector<BatchState> states;  // all, unless one is named
  core::BatchId before;
  int limit = kPageDefault;
};

std::optional<Problem> read_listing(const RequestHead& head, Listing& listing) {
  if (auto problem = check_parameters(head, {"state", "limit", "cursor"})) return problem;
  const auto bad = [](std::string_view rule) { return make_problem(400, "bad_parameter", rule); };
  for (std::size_t i = 0; i < core::kBatchStates; ++i) listing.states.push_back(static_cast<BatchState>(i));
  if (const auto name = head.query_value("state")) {
    const auto state = batch_state(*name);
    if (!state) return bad("state is not a state of batches");
    listing.states = {*state};
  }
  if (const auto cursor = head.query_value("cursor")) {
    const auto id = core::parse_id<core::BatchId>(*cursor);
    if (!id) return bad("cursor is not from an earlier answer");
    listing.before = *id;
  }
  const auto limit = number_parameter(head, "limit", kPageDefault, 1, kPageMax);
  if (!limit) return bad("limit is a number from 1 to 500");
  listing.limit = static_cast<int>(*limit);
  return std::nullopt;
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

// Fails if nothing could be asked of a job of this name: its account isn't configured, or its provider gives no job
// such a name. A batch that went on with it would wait for ever. Fails as well if another batch has the job.
Task<core::Result<void>> check_job(Engine& engine, const core::Batch& batch, std::string job) {
  const auto* account = engine.accounts.find_for(batch.lane);
  if (account == nullptr)
    co_return core::Error{core::Errc::conflict, "account " + batch.lane.account + " isn't configured any more"};
  if (!account->provider->is_job_name(job))
    co_return core::Error{core::Errc::invalid, "\"job\" is not the name of a job of this account's provider"};
  if (job == batch.job) co_return core::Result<void>();
  const auto known = co_await engine.store.read(&core::Store::knows_job, batch.lane.account, job);
  if (!known) co_return known.error();
  if (*known) co_return core::Error{core::Errc::conflict, "another batch has this job"};
  co_return core::Result<void>();
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

Task<void> list_batches(Desk& desk, Exchange& exchange, std::string_view) {
  Listing listing;
  if (auto problem = read_listing(exchange.head(), listing)) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  const auto page = co_await desk.engine.store.read(
      &core::Store::recent_batches, std::span<const BatchState>(listing.states), listing.before, listing.limit);
  if (!page) {
    co_await reply_problem(exchange, problem_of(page.error()));
    co_return;
  }
  std::optional<core::BatchId> next;
  if (std::ssize(*page) == listing.limit) next = page->back().id;
  co_await reply_json(exchange, 200, proto::batches_json(*page, next));
}

Task<void> get_batch(Desk& desk, Exchange& exchange, std::string_view text) {
  const auto id = core::parse_id<core::BatchId>(text);
  auto batch = core::Result<core::Batch>(core::Error{core::Errc::not_found, "no such batch"});
  if (id) batch = co_await desk.engine.store.read(&core::Store::get_batch, *id);
  if (batch)
    co_await reply_json(exchange, 200, proto::batch_json(*batch));
  else
    co_await reply_problem(exchange, problem_of(batch.error()));
}

// The operator names the batch's job: the batch goes on as if the create call had been answered.
Task<void> adopt_job(Desk& desk, Exchange& exchange, std::string_view id) {
  auto body = co_await read_small_body(exchange);
  auto job = body ? proto::parse_adopt(*body) : core::Result<std::string>(body.error());
  if (!job) {
    co_await reply_problem(exchange, problem_of(job.error()));
    co_return;
  }
  auto batch = co_await find_held(desk.engine, id);
  if (batch) {
    if (const auto checked = co_await check_job(desk.engine, *batch, *job); !checked) batch = checked.error();
  }
  if (batch) {
    log_event(LogLevel::info, "operator_adopts",
              {{"batch", batch->id}, {"job", *job}, {"owner", exchange.peer().owner}});
    const core::BatchPatch patch{.job = *job, .message = "", .submitted_at = desk.engine.clock.wall()};
    batch = co_await desk.engine.mark(*batch, BatchState::submitted, patch);
  }
  co_await answer(exchange, batch);
}

// The operator wants the batch sent again. It is fenced if no job was ever seen and the key in use can still prove that
// there is none; else the operator's decision is the proof, and what may have been charged is booked.
Task<void> requeue_batch(Desk& desk, Exchange& exchange, std::string_view id) {
  auto batch = co_await find_held(desk.engine, id);
  if (batch) {
    const auto* account = desk.engine.accounts.find(batch->lane.account);
    const bool can_fence = batch->job.empty() && !batch->fence_begun && account != nullptr &&
                           account->credential == batch->credential && core::can_be_fenced(account->provider->caps());
    log_event(LogLevel::info, "operator_requeues",
              {{"batch", batch->id}, {"by", can_fence ? "fence" : "word"}, {"owner", exchange.peer().owner}});
    core::BatchPatch patch;
    if (can_fence)
      patch.fence_begun = true;
    else
      patch.released = true;
    batch =
        co_await desk.engine.mark(*batch, can_fence ? BatchState::fencing : BatchState::collecting, std::move(patch));
  }
  co_await answer(exchange, batch);
}

}  // namespace batchd::daemon
