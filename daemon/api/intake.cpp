// POST /v1/requests: from the bytes of a body to a durable request. The answer is written after the commit, never
// before.
#include <charconv>
#include <optional>

#include "daemon/api/accept.h"
#include "daemon/api/api.h"
#include "daemon/api/body_spool.h"
#include "daemon/api/bulk.h"
#include "daemon/api/calls.h"
#include "daemon/api/lane.h"
#include "daemon/api/reply.h"
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
  auto lane = lane_of(engine, submission);
  if (auto* problem = std::get_if<Problem>(&lane)) return std::move(*problem);
  request.lane = std::get<core::Lane>(std::move(lane));
  request.key = submission.key;
  request.channel = submission.channel;
  request.labels = submission.labels;
  if (submission.deadline) request.deadline = submission.deadline->from(engine.clock.wall());
  request.fail_at_deadline = submission.fail_at_deadline.value_or(false);
  request.tokens = submission.tokens;
  return std::nullopt;
}

// Reads and checks the whole call; accepts nothing yet. If it returns a problem, nothing of the body is left in the
// store.
Task<std::optional<Problem>> read_submission(Exchange& exchange, Engine& engine, BodySpool& spool,
                                             core::NewRequest& request) {
  const auto rules_for = [&engine](const std::string& account, const std::string& endpoint) {
    return find_rules(engine, account, endpoint);
  };
  proto::SubmissionReader reader(usual_rules(engine), rules_for);
  std::optional<json::Sha256> fingerprint;  // costly to set up: only with an Idempotency-Key
  if (!request.idempotency_key.empty()) fingerprint.emplace();
  const FeedBody feed = [&](std::string_view piece, std::string& request_out) {
    if (fingerprint) fingerprint->update(piece);
    return reader.feed(piece, request_out);
  };
  auto problem = co_await receive_request(exchange, spool, request, feed);
  if (!problem) {
    const auto submission = reader.finish();
    problem = submission ? apply(*submission, engine, request) : problem_of_fault(reader.fault());
  }
  if (!problem) {
    if (fingerprint) request.fingerprint = fingerprint->finish();
    auto finished = co_await spool.finish(request);
    if (!finished) problem = problem_of(finished.error());
  }
  if (problem) co_await spool.discard(request);
  co_return problem;
}

}  // namespace

Task<void> submit_request(Desk& desk, Exchange& exchange, std::string_view) {
  if (desk.engine.stopping) {
    co_await reply_problem(exchange, stopping_problem());
    co_return;
  }
  if (is_bulk(exchange.head())) {
    co_await submit_bulk(exchange, desk.engine);
    co_return;
  }
  // Else lines sent with curl's default Content-Type would be read as one request.
  if (exchange.head().query_value("group")) {
    co_await reply_problem(
        exchange, make_problem(400, "bad_content_type", "requests in lines have the Content-Type application/jsonl"));
    co_return;
  }
  if (auto problem = account_header_unread(exchange.head())) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  core::NewRequest request;
  request.owner = exchange.peer().owner;
  request.idempotency_key = idempotency_key(exchange.head());
  BodySpool spool(desk.engine.store, desk.engine.body_seats, request.owner);
  if (auto problem = co_await read_submission(exchange, desk.engine, spool, request)) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  auto view = view_of(request);
  const auto accepted = co_await accept(desk.engine, std::move(request));
  spool.let_go();
  const auto wait = preferred_wait(exchange.head().header("prefer"));
  co_await answer_accepted(desk, exchange, accepted, std::move(view), wait);
}

}  // namespace batchd::daemon
