// /gemini/...: the provider's own calls, for programs that know nothing of batchd. The call is held until its request
// has ended, however long that takes. A caller that went away before its answer was written leaves an orphan, and the
// same call made again takes the oldest one over: nothing runs twice because a program, or batchd, was restarted. With
// an Idempotency-Key the caller says itself what is the same.
#include "proto/gemini_front.h"

#include "daemon/api.h"
#include "daemon/calls.h"
#include "daemon/event_exchange.h"
#include "daemon/held_calls.h"
#include "daemon/response.h"
#include "daemon/staging.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

// Ten years: the client's patience ends first, and sums and nanoseconds of it don't overflow.
constexpr core::Duration kForever = std::chrono::hours(24 * 365 * 10);

Problem unimplemented() {
  return make_problem(501, "unimplemented",
                      "batchd serves generateContent, streamGenerateContent and embedContent of the v1beta and v1 API");
}

// What path and headers say.
std::optional<Problem> read_options(const RequestHead& head, const proto::GeminiCall& call, Engine& engine,
                                    core::NewRequest& request) {
  proto::Submission submission;
  if (const auto fault = proto::set_option(submission, "model", call.model)) return problem_of_fault(*fault);
  if (const auto account = head.header("x-batchd-account"); !account.empty())
    if (const auto fault = proto::set_option(submission, "account", account)) return problem_of_fault(*fault);
  if (engine.accounts.find(submission.account) == nullptr) return unknown_account(submission.account);
  auto key = idempotency_key(head);
  if (!key) return bad_idempotency_key();
  request.idempotency_key = std::move(*key);
  request.lane = {submission.account, call.endpoint, submission.model};
  return std::nullopt;
}

// A problem leaves nothing behind.
Task<std::optional<Problem>> read_body(Exchange& exchange, Staging& staging, core::NewRequest& request) {
  proto::GeminiBodyReader reader(request.lane.model);
  json::Sha256 fingerprint;
  fingerprint.update(request.lane.account + ' ' + request.lane.endpoint + ' ' + request.lane.model + '\n');
  const FeedBody feed = [&](std::string_view piece, std::string& request_out) {
    fingerprint.update(piece);
    return reader.feed(piece, request_out);
  };
  auto problem = co_await receive_request(exchange, staging, request, feed);
  if (!problem) {
    const auto tokens = reader.finish(request.body);
    request.tokens = tokens.value_or(0);
    if (!tokens) problem = problem_of_fault(reader.fault());
  }
  if (!problem) {
    (request.idempotency_key.empty() ? request.call : request.fingerprint) = fingerprint.finish();
    auto finished = co_await staging.finish(request);
    if (!finished) problem = problem_of(finished.error());
  }
  if (problem) co_await staging.discard(request);
  co_return problem;
}

// Each of these: false if the client didn't get all of it.
Task<bool> reply_error(Exchange& exchange, const core::RequestError& error) {
  auto shown = proto::gemini_error(error);
  ReplyHead head{shown.http_status, "application/json", {}};
  co_return co_await exchange.reply(std::move(head), std::move(shown.body));
}

// One event: a batch has no earlier parts of an answer to show.
Task<bool> reply_event(Exchange& exchange, StoreClient& store, const core::RequestView& request) {
  bool open = co_await exchange.begin_stream(event_head());
  if (!open) co_return false;
  const auto sent = co_await write_around_response(exchange, store, "data: ", request, "\n\n", Lines::escaped);
  open = sent.written == Written::all;
  if (open) open = co_await exchange.end_stream();
  co_return open;
}

bool wants_events(const Exchange& exchange, const proto::GeminiCall& call) {
  return call.stream && exchange.head().query_value("alt") == "sse";
}

Task<bool> reply_response(Exchange& exchange, StoreClient& store, const proto::GeminiCall& call,
                          const core::RequestView& request) {
  if (wants_events(exchange, call)) co_return co_await reply_event(exchange, store, request);
  ReplyHead head{200, "application/json; charset=UTF-8", {}};
  std::string prefix = call.stream ? "[" : "", suffix = call.stream ? "]" : "";
  co_return co_await answer_around_response(exchange, store, std::move(head), std::move(prefix), request,
                                            std::move(suffix));
}

}  // namespace

Task<void> Api::gemini(Exchange& exchange, std::string_view path) {
  const auto call = proto::parse_gemini_call(path);
  core::NewRequest request;
  request.owner = exchange.peer().owner;
  std::optional<Problem> problem;
  if (!call || exchange.head().method != "POST")
    problem = unimplemented();
  else if (engine_.stopping)
    problem = stopping_problem();
  else
    problem = read_options(exchange.head(), *call, engine_, request);
  Staging staging(engine_.store, engine_.body_seats, request.owner);
  if (!problem) problem = co_await read_body(exchange, staging, request);
  if (problem) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  const auto accepted = co_await accept(std::move(request));
  staging.let_go();
  if (!accepted) {
    co_await reply_problem(exchange, problem_of_accept(accepted.error()));
    co_return;
  }
  const bool events = wants_events(exchange, *call);
  EventExchange in_events(exchange);
  Exchange& out = events ? in_events : exchange;
  const auto& settings = engine_.config.server;
  const auto pulse = events ? settings.heartbeat : interim_period(exchange.head(), settings.interim);
  const auto held = co_await hold(out, accepted->id, engine_.clock.steady() + kForever, pulse);
  bool answered = false;
  if (held.problem)
    co_await reply_problem(out, *held.problem);
  else if (held.request && held.request->state == core::RequestState::succeeded)
    answered = co_await reply_response(out, engine_.store, *call, *held.request);
  else if (held.request)
    answered = co_await reply_error(out, held.request->error.value_or(core::RequestError()));
  co_await part_from_caller(engine_, exchange, accepted->id, answered);
}

}  // namespace batchd::daemon
