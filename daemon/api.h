// The local API: which call does what. Bytes become core types in proto/api; here they meet the store and the waiters.
//
//   call                                     handler          file
//   POST /v1/requests                        submit           intake.cpp; JSON lines: bulk.cpp
//   GET  /v1/requests                        list             listing.cpp
//   GET  /v1/requests/{id}                   get              deliver.cpp
//   DELETE /v1/requests/{id}                 cancel           cancel.cpp
//   POST /v1/requests/{id}/retry             retry            retry.cpp
//   DELETE /v1/groups/{name}                 cancel_group     cancel.cpp
//   GET  /v1/results                         results          results.cpp
//   POST /v1/results/ack                     acknowledge      acknowledge.cpp
//   *    /gemini/{rest}                      gemini           gemini_front.cpp, gemini_embeds.cpp
//   GET  /v1/status                          status           status.cpp
//   GET  /admin/                             page             pages.cpp
//   GET, HEAD /admin                         to_page          pages.cpp
//   GET  /admin/status                       admin_status     status.cpp
//   GET  /admin/attention                    attention        status.cpp
//   GET  /admin/batches, .../{id}            batches, batch   admin.cpp
//   POST /admin/batches/{id}/adopt           adopt            admin.cpp
//   POST /admin/batches/{id}/requeue         requeue          admin.cpp
//   POST /admin/lanes/flush, pause, resume   flush, ...       operate.cpp
//   POST /admin/accounts/{name}/resume       resume_account   operate.cpp
//   GET  /admin/backup, /admin/audit         backup, audit    backup.cpp
//   GET  /openapi.json, /metrics             openapi, ...     pages.cpp
//   GET  /healthz, /readyz                   healthz, readyz  status.cpp
//
// The table itself is in routes.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine.h"
#include "daemon/http_server.h"
#include "proto/api.h"
#include "proto/api_operate.h"

namespace batchd::daemon {

using proto::Problem;

class Api {
 public:
  explicit Api(Engine& engine) : engine_(engine), started_at_(engine.clock.wall()) {}

  Task<void> handle(Exchange& exchange);
  void watch(const HttpServer& server) { server_ = &server; }  // for its numbers; outlives the calls
  // Method and pattern of every call there is.
  static std::vector<std::pair<std::string_view, std::string_view>> routes();
  // How the server words what it refuses before there is an exchange.
  static std::pair<ReplyHead, std::string> render_error(int status, std::string_view code, std::string_view detail);

 private:
  friend struct Route;

  Task<void> submit(Exchange& exchange, std::string_view);
  Task<void> list(Exchange& exchange, std::string_view);
  Task<void> get(Exchange& exchange, std::string_view id);
  Task<void> cancel(Exchange& exchange, std::string_view id);
  Task<void> retry(Exchange& exchange, std::string_view id);
  Task<void> cancel_group(Exchange& exchange, std::string_view name);
  Task<void> results(Exchange& exchange, std::string_view);
  Task<void> acknowledge(Exchange& exchange, std::string_view);
  Task<void> gemini(Exchange& exchange, std::string_view path);
  Task<void> status(Exchange& exchange, std::string_view);
  Task<void> admin_status(Exchange& exchange, std::string_view);
  Task<void> attention(Exchange& exchange, std::string_view);
  Task<void> page(Exchange& exchange, std::string_view);
  Task<void> to_page(Exchange& exchange, std::string_view);
  Task<void> metrics(Exchange& exchange, std::string_view);
  Task<void> openapi(Exchange& exchange, std::string_view);
  Task<void> batches(Exchange& exchange, std::string_view);
  Task<void> batch(Exchange& exchange, std::string_view id);
  Task<void> flush(Exchange& exchange, std::string_view);
  Task<void> pause(Exchange& exchange, std::string_view);
  Task<void> resume(Exchange& exchange, std::string_view);
  Task<void> resume_account(Exchange& exchange, std::string_view name);
  Task<void> backup(Exchange& exchange, std::string_view);
  Task<void> audit(Exchange& exchange, std::string_view);
  Task<void> adopt(Exchange& exchange, std::string_view id);
  Task<void> requeue(Exchange& exchange, std::string_view id);
  Task<void> healthz(Exchange& exchange, std::string_view);
  Task<void> readyz(Exchange& exchange, std::string_view);

  // What a call that waits for a request gets to say.
  struct Held {
    std::optional<core::RequestView> request;  // finished, or as it was at `due`
    std::optional<Problem> problem;            // neither of both: the client has gone, nobody is left to answer
  };
  // How often the exchange shows the client that its call goes on (zero: never), over all that the call waits for.
  struct Pulse {
    core::Duration period{};
    core::SteadyTime next{};
  };
  Pulse pulse(core::Duration period) const;
  Task<Held> hold(Exchange& exchange, core::RequestId request, core::SteadyTime due, Pulse& pulse);
  // Answers with the request object: 200 if it is finished, else `unfinished_status`.
  Task<void> answer_when_finished(Exchange& exchange, core::RequestId request, core::Duration wait,
                                  int unfinished_status);
  Task<void> answer_with(Exchange& exchange, const core::RequestView& request, int status);

  // Durable acceptance of a complete request; if it has a `call`, an orphan of that call instead, should there be one.
  // A stage that isn't adopted is gone afterwards.
  Task<core::Result<core::Accepted>> accept(core::NewRequest request);
  // The answer to a submission: 202 with `view` under its new id; after `wait`, and for what was known before, as it
  // is.
  Task<void> answer_accepted(Exchange& exchange, core::Result<core::Accepted> accepted, core::RequestView view,
                             std::optional<core::Duration> wait);
  // What GET would show of it now.
  static core::RequestView view_of(const core::NewRequest& request);
  static Problem problem_of_accept(const core::Error& error);
  // The same of many, all or none. They share one verb: together they have about a chunk of bodies that isn't staged.
  Task<core::Result<std::vector<core::Accepted>>> accept_all(std::vector<core::NewRequest> requests);

  // gemini_embeds.cpp: :batchEmbedContents, a call of many requests that are all like this one.
  Task<void> embed_many(Exchange& exchange, core::NewRequest like);

  // results.cpp
  struct ResultsQuery;
  core::Result<ResultsQuery> read_results_query(const RequestHead& head) const;
  // A cursor of ours whose completion has happened; a problem if not.
  Task<std::optional<Problem>> check_cursor(const proto::Cursor& cursor);
  Task<void> send_results(Exchange& exchange, ResultsQuery query);
  Task<void> send_events(Exchange& exchange, ResultsQuery query);

  Engine& engine_;
  core::WallTime started_at_;
  const HttpServer* server_ = nullptr;
  bool backing_up_ = false;
  core::SteadyTime probed_at_{};  // when the store last showed that it takes writes
};

// The copy of the database that GET /admin/backup makes beside it.
inline constexpr std::string_view kBackupSuffix = ".backup";

// --- answers
Problem problem_of(const core::Error& error);
Problem stopping_problem();
Problem revoked_problem();  // of a call that waited when its token was taken away
Problem problem_of_fault(const proto::SubmissionFault& fault);
Problem result_gone(core::RequestId request);  // of a submission that repeats one whose request was purged
Problem unknown_account(std::string_view account);
Problem make_problem(int status, std::string_view code, std::string_view detail, bool retryable = false,
                     std::string_view hint = {});
// Problems and heads are named or come from a function: g++ 12 destroys an aggregate twice that is written with braces
// inside a co_await expression.
// In the shape that the path's clients know: Google's below /gemini/, else problem+json.
Task<void> reply_problem(Exchange& exchange, Problem problem);
std::pair<ReplyHead, std::string> render_problem(std::string_view path, const Problem& problem);
Task<void> reply_json(Exchange& exchange, int status, std::string body);

}  // namespace batchd::daemon
