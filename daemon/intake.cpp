// POST /v1/requests: from the bytes of a body to a durable request. The answer is written after the commit, never
// before.
#include <charconv>
#include <optional>

#include "daemon/api.h"
#include "daemon/bulk.h"
#include "daemon/calls.h"
#include "daemon/server_config.h"
#include "daemon/staging.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

// RFC 7240: Prefer: wait=10. Other preferences are ignored, as the RFC asks.
std::optional<core::Duration> preferred_wait(std::string_view prefer) {
  constexpr std::string_view kWait = "wait=";
  const auto at = prefer.find(kWait);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t seconds = 0;
  const auto digits = prefer.substr(at + kWait.size());
  if (std::from_chars(digits.data(), digits.data() + digits.size(), seconds).ec != std::errc{}) return std::nullopt;
  return std::clamp<core::Duration>(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, 1'000'000)), {},
                                    kWaitMax);
}

std::optional<Problem> apply(const proto::Submission& submission, Engine& engine, core::NewRequest& request) {
  request.lane = {submission.account, submission.endpoint, submission.model};
  request.key = submission.key;
  request.channel = submission.channel;
  request.labels = submission.labels;
  if (submission.deadline) request.deadline = submission.deadline->from(engine.clock.wall());
  request.fail_at_deadline = submission.fail_at_deadline.value_or(false);
  request.tokens = submission.tokens;
  if (engine.accounts.find(request.lane.account) == nullptr) return unknown_account(request.lane.account);
  return std::nullopt;
}

// Reads and checks the whole call. Nothing is accepted yet; a problem leaves nothing behind.
Task<std::optional<Problem>> read_submission(Exchange& exchange, Engine& engine, Staging& staging,
                                             core::NewRequest& request) {
  proto::SubmissionReader reader;
  std::optional<json::Sha256> fingerprint;  // setting one up is dear: only for those who need it
  if (!request.idempotency_key.empty()) fingerprint.emplace();
  const FeedBody feed = [&](std::string_view piece, std::string& request_out) {
    if (fingerprint) fingerprint->update(piece);
    return reader.feed(piece, request_out);
  };
  auto problem = co_await receive_request(exchange, staging, request, feed);
  if (!problem) {
    const auto submission = reader.finish();
    problem = submission ? apply(*submission, engine, request) : problem_of_fault(reader.fault());
  }
  if (!problem) {
    if (fingerprint) request.fingerprint = fingerprint->finish();
    auto finished = co_await staging.finish(request);
    if (!finished) problem = problem_of(finished.error());
  }
  if (problem) co_await staging.discard(request);
  co_return problem;
}

core::Result<core::Accepted> adopt_or_accept(core::Store& store, const core::NewRequest& request, core::WallTime now) {
  if (!request.call.empty()) {
    const auto orphan = store.adopt_orphan(request.owner, request.call);
    if (!orphan) return orphan.error();
    if (*orphan) return core::Accepted{**orphan, now, true};
  }
  return store.accept(request, now);
}

}  // namespace

Problem problem_of_fault(const proto::SubmissionFault& fault) {
  return make_problem(fault.status, fault.code, fault.detail);
}

Problem unknown_account(std::string_view account) {
  return make_problem(400, "unknown_account", "there is no account \"" + std::string(account) + '"');
}

Problem Api::problem_of_accept(const core::Error& error) {
  if (error.code != core::Errc::conflict) return problem_of(error);
  return make_problem(422, "idempotency_key_reused", "this Idempotency-Key was used with another body", false,
                      "use a new key for a new request");
}

core::RequestView Api::view_of(const core::NewRequest& request) {
  return {.lane = request.lane,
          .key = request.key,
          .state = core::RequestState::queued,
          .channel = request.channel,
          .labels = request.labels,
          .deadline = request.deadline,
          .fail_at_deadline = request.fail_at_deadline};
}

Task<core::Result<core::Accepted>> Api::accept(core::NewRequest request) {
  const auto staged = request.staged;
  const bool ends_at_deadline = request.fail_at_deadline;
  // Moved into the verb, not copied: this is the hot path.
  auto verb = [request = std::move(request), wall = engine_.clock.wall()](
                  core::Store& store) -> core::Result<core::Accepted> { return adopt_or_accept(store, request, wall); };
  auto accepted = co_await engine_.store.together(storage::VerbClass::intake, std::move(verb));
  if (staged && (!accepted || accepted->replayed))  // nobody has adopted it
    co_await engine_.store.intake(&core::Store::stage_discard, staged);
  if (accepted && !accepted->replayed) {
    engine_.bells.pack.poke();
    if (ends_at_deadline) engine_.bells.deadlines.poke();
  }
  co_return accepted;
}

Task<core::Result<std::vector<core::Accepted>>> Api::accept_all(std::vector<core::NewRequest> requests) {
  using All = std::vector<core::Accepted>;
  auto verb = [&requests, wall = engine_.clock.wall()](core::Store& store) -> core::Result<All> {
    All all;
    for (const auto& request : requests) {
      const auto accepted = adopt_or_accept(store, request, wall);
      if (!accepted) return accepted.error();
      all.push_back(*accepted);
    }
    return all;
  };
  auto accepted = co_await engine_.store.together(storage::VerbClass::intake, std::move(verb));
  bool added = false;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool adopted = accepted && !(*accepted)[i].replayed;
    added = added || adopted;
    if (requests[i].staged && !adopted) co_await engine_.store.intake(&core::Store::stage_discard, requests[i].staged);
  }
  if (added) engine_.bells.pack.poke();
  co_return accepted;
}

Task<void> Api::submit(Exchange& exchange, std::string_view) {
  if (engine_.stopping) {
    co_await reply_problem(exchange, stopping_problem());
    co_return;
  }
  if (is_bulk(exchange.head())) {
    co_await submit_bulk(exchange, engine_);
    co_return;
  }
  if (exchange.head().query_value("group")) {  // what curl sends of itself would be read as one request
    co_await reply_problem(
        exchange, make_problem(400, "bad_content_type", "requests in lines have the Content-Type application/jsonl"));
    co_return;
  }
  auto key = idempotency_key(exchange.head());
  if (!key) {
    co_await reply_problem(exchange, bad_idempotency_key());
    co_return;
  }
  core::NewRequest request;
  request.owner = exchange.peer().owner;
  request.idempotency_key = std::move(*key);
  Staging staging(engine_.store, engine_.body_seats, request.owner);
  if (auto problem = co_await read_submission(exchange, engine_, staging, request)) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  auto view = view_of(request);
  const auto accepted = co_await accept(std::move(request));
  staging.let_go();
  const auto wait = preferred_wait(exchange.head().header("prefer"));
  co_await answer_accepted(exchange, accepted, std::move(view), wait);
}

Task<void> Api::answer_accepted(Exchange& exchange, core::Result<core::Accepted> accepted, core::RequestView view,
                                std::optional<core::Duration> wait) {
  if (!accepted) {
    co_await reply_problem(exchange, problem_of_accept(accepted.error()));
    co_return;
  }
  if (wait || accepted->replayed) {
    co_await answer_when_finished(exchange, accepted->id, wait.value_or(core::Duration::zero()), 202);
    co_return;
  }
  view.id = accepted->id;
  view.created_at = accepted->created_at;
  co_await answer_with(exchange, view, 202);
}

}  // namespace batchd::daemon
