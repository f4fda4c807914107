// /gemini/...: the provider's own calls, for programs that know nothing of batchd. The call stays open until its
// request has ended, however long that takes. If the caller leaves before its answer is written, the request becomes an
// orphan, and the same call made again takes over the oldest orphan: nothing runs twice because a program, or batchd,
// was restarted. With an Idempotency-Key the caller itself decides which calls are the same.
#include "daemon/fronts/gemini_front.h"

#include "daemon/api/accept.h"
#include "daemon/api/body_spool.h"
#include "daemon/api/calls.h"
#include "daemon/api/lane.h"
#include "daemon/api/reply.h"
#include "daemon/api/response.h"
#include "daemon/api/wait.h"
#include "daemon/fronts/event_exchange.h"
#include "daemon/net/log.h"
#include "proto/gemini/error.h"
#include "proto/gemini/front.h"
#include "proto/json/digest.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kVerbBytesShown = 64;

Problem unimplemented(std::string_view path) {
  const auto colon = path.rfind(':');
  const auto verb = colon == std::string_view::npos ? std::string_view() : path.substr(colon);
  const auto what = verb.empty() ? std::string("this call") : std::string(verb.substr(0, kVerbBytesShown));
  return make_problem(
      501, "unimplemented",
      "batchd doesn't serve " + what +
          ", only POST to models/MODEL with :generateContent, :streamGenerateContent, :embedContent and "
          ":batchEmbedContents, of v1beta, v1 and v1alpha. Make other calls at the provider's own address");
}

// Reads the options from the path and the headers.
std::optional<Problem> read_options(const RequestHead& head, const proto::GeminiCall& call, Engine& engine,
                                    core::NewRequest& request) {
  proto::Submission submission;
  if (const auto fault = proto::set_option(submission, "model", call.model)) return problem_of_fault(*fault);
  if (const auto account = head.header("x-batchd-account"); !account.empty())
    if (const auto fault = proto::set_option(submission, "account", account)) return problem_of_fault(*fault);
  submission.endpoint = call.endpoint;
  auto lane = lane_of(engine, submission);
  if (auto* problem = std::get_if<Problem>(&lane)) return std::move(*problem);
  request.lane = std::get<core::Lane>(std::move(lane));
  request.idempotency_key = idempotency_key(head);
  request.keyed_call = !request.idempotency_key.empty();
  return std::nullopt;
}

// If it returns a problem, nothing of the body is left in the store.
Task<std::optional<Problem>> read_body(Exchange& exchange, Engine& engine, BodySpool& spool,
                                       core::NewRequest& request) {
  proto::GeminiBodyReader reader(request.lane.model, rules_of(engine, request.lane));
  json::Sha256 fingerprint;
  fingerprint.update(call_prefix(request.lane, request.lane.endpoint));
  const FeedBody feed = [&](std::string_view piece, std::string& request_out) {
    fingerprint.update(piece);
    return reader.feed(piece, request_out);
  };
  auto problem = co_await receive_request(exchange, spool, request, feed);
  if (!problem) {
    const auto tokens = reader.finish(request.body);
    request.tokens = tokens.value_or(0);
    if (!tokens) problem = problem_of_fault(reader.fault());
  }
  if (!problem) {
    (request.keyed_call ? request.fingerprint : request.call) = fingerprint.finish();
    auto finished = co_await spool.finish(request);
    if (!finished) problem = problem_of(finished.error());
  }
  if (problem) co_await spool.discard(request);
  co_return problem;
}

// Sends the response as one event: a batch yields no partial answers.
Task<ResponseWritten> reply_event(Exchange& exchange, EmbeddedResponse& response) {
  const bool open = co_await exchange.begin_stream(event_head());
  if (!open) co_return ResponseWritten{Written::cut};
  const auto sent = co_await write_around_response(exchange, response, "data: ", "\n\n");
  bool whole = sent.written == Written::all;
  if (whole) whole = co_await exchange.end_stream();
  co_return ResponseWritten{whole ? Written::all : Written::cut};
}

bool wants_events(const Exchange& exchange, const proto::GeminiCall& call) {
  return call.stream && exchange.head().query_value("alt") == "sse";
}

Task<ResponseWritten> reply_response(Exchange& exchange, const proto::GeminiCall& call, EmbeddedResponse& response) {
  if (wants_events(exchange, call)) co_return co_await reply_event(exchange, response);
  ReplyHead head{200, "application/json; charset=UTF-8", {}};
  std::string prefix = call.stream ? "[" : "", suffix = call.stream ? "]" : "";
  co_return co_await answer_around_response(exchange, response, std::move(head), std::move(prefix), std::move(suffix));
}

// The whole response is read before any of the answer is sent, so that a damaged one, and one that Google's clients
// couldn't read, is an error. The caller of the latter may make the call again and is told the same: nothing is paid
// for twice, and the response stays to be had by the request's id.
Task<CallEnd> answer(Exchange& exchange, Engine& engine, const proto::GeminiCall& call,
                     const core::RequestView& request) {
  if (request.state != core::RequestState::succeeded) {
    const bool said = co_await reply_error(exchange, request.error.value_or(core::RequestError()));
    co_return said ? CallEnd::answered : CallEnd::orphan;
  }
  EmbeddedResponse response(engine, exchange.peer().owner, request);
  const auto checked = co_await response.check();
  auto trouble = checked ? core::Errc{} : checked.error().code;
  if (checked && !response.fault().empty()) {
    const auto error = response_is_no_json(request.id, response.fault());
    co_await reply_error(exchange, error);
    co_return CallEnd::orphan;
  }
  if (checked) {
    const auto sent = co_await reply_response(exchange, call, response);
    if (sent.written != Written::nothing) co_return sent.written == Written::all ? CallEnd::answered : CallEnd::orphan;
    trouble = sent.error;
  }
  const bool damaged = trouble == core::Errc::corrupt;
  const auto error = damaged ? damaged_response(engine, request.id) : unreadable_now(request.id);
  const bool said = co_await reply_error(exchange, error);
  if (said && damaged) co_return CallEnd::abandoned;
  co_return CallEnd::orphan;
}

// Shows a problem in Google's shape.
std::pair<ReplyHead, std::string> render_front_problem(const Problem& problem) {
  auto [head, plain] = render_problem(problem);  // the headers are the same
  const auto words = problem.hint.empty() ? problem.detail : problem.detail + ": " + problem.hint;
  auto error = proto::gemini_error(problem.status, words);
  head.status = error.http_status;
  head.content_type = "application/json";
  return {std::move(head), std::move(error.body)};
}

}  // namespace

std::string call_prefix(const core::Lane& lane, std::string_view verb) {
  return lane.account + ' ' + std::string(verb) + ' ' + lane.model + '\n';
}

Task<void> reply_front_problem(Exchange& exchange, Problem problem) {
  auto [head, body] = render_front_problem(problem);
  co_await exchange.reply(std::move(head), std::move(body));
}

core::Duration front_interim(const RequestHead& head, const Engine& engine) {
  return interim_period(head, engine.config.server.interim, head.header("x-goog-api-client"));
}

Problem front_problem(const Problem& problem, core::RequestId request) {
  return problem.status == 404 ? result_gone(request) : problem;
}

core::RequestError damaged_response(Engine& engine, core::RequestId request) {
  log_event(LogLevel::error, "stored_result_damaged", {{"request", request}});
  engine.metrics.result_damaged();
  return core::own_error(
      core::ErrorClass::data_lost,
      "the stored response of request " + core::to_text(request) +
          " is damaged; the same call made again, with a new Idempotency-Key if it has one, is run and paid for again");
}

core::RequestError response_is_no_json(core::RequestId request, std::string_view fault) {
  return core::own_error(core::ErrorClass::internal, "the provider's response to request " + core::to_text(request) +
                                                         " is " + std::string(fault) + "; GET /v1/requests/" +
                                                         core::to_text(request) + " shows it as \"response_base64\"");
}

core::RequestError unreadable_now(core::RequestId request) {
  return core::own_error(core::ErrorClass::unavailable, "the response of request " + core::to_text(request) +
                                                            " can't be read now; make the same call again");
}

Task<bool> reply_error(Exchange& exchange, const core::RequestError& error) {
  auto shown = proto::gemini_error(error);
  ReplyHead head{shown.http_status, "application/json", {}};
  co_return co_await exchange.reply(std::move(head), std::move(shown.body));
}

namespace {

Task<void> serve_gemini(Desk& desk, Exchange& exchange, std::string_view path) {
  const auto call = proto::parse_gemini_call(path);
  core::NewRequest request;
  request.owner = exchange.peer().owner;
  std::optional<Problem> problem;
  if (!call || exchange.head().method != "POST")
    problem = unimplemented(path);
  else if (desk.engine.stopping)
    problem = stopping_problem();
  else
    problem = read_options(exchange.head(), *call, desk.engine, request);
  if (!problem && call->many) {
    co_await embed_many(desk, exchange, std::move(request));
    co_return;
  }
  BodySpool spool(desk.engine.store, desk.engine.body_seats, request.owner);
  if (!problem) problem = co_await read_body(exchange, desk.engine, spool, request);
  if (problem) {
    co_await reply_front_problem(exchange, std::move(*problem));
    co_return;
  }
  const bool keyed = request.keyed_call;
  const auto accepted = co_await accept(desk.engine, std::move(request));
  spool.let_go();
  if (!accepted) {
    co_await reply_front_problem(exchange, problem_of_accept(accepted.error()));
    co_return;
  }
  const bool events = wants_events(exchange, *call);
  EventExchange in_events(exchange);
  Exchange& out = events ? in_events : exchange;
  const auto& settings = desk.engine.config.server;
  auto beat = pulse(desk.engine, events ? settings.heartbeat : front_interim(exchange.head(), desk.engine));
  const auto waited = co_await wait_for(desk.engine, out, accepted->id, desk.engine.clock.steady() + kForever, beat);
  std::vector<EndedCall> ended{{accepted->id}};
  if (waited.problem)
    co_await reply_front_problem(out, front_problem(*waited.problem, accepted->id));
  else if (waited.request)
    ended[0].end = co_await answer(out, desk.engine, *call, *waited.request);
  if (!keyed) co_await end_calls(desk.engine, exchange, std::move(ended));
}

}  // namespace

Routes gemini_routes() {
  static constexpr Route kTable[]{{"*", "/gemini/{rest}", false, serve_gemini, Open::no, render_front_problem}};
  return kTable;
}

}  // namespace batchd::daemon
