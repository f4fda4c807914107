// The route table, and what every call has in common: finding the handler, who may use it, wrong methods, a stopping
// daemon.
#include <span>

#include "daemon/api.h"
#include "daemon/log.h"
#include "daemon/measured_exchange.h"
#include "proto/gemini_error.h"

namespace batchd::daemon {

// Who may make a call without credentials: over TCP that is a question.
enum class Open : std::uint8_t { no, on_this_host, everywhere };

struct Route {
  std::string_view method;   // "*": every one
  std::string_view pattern;  // segments; one like "{id}" matches any, "{rest}" all that are left: the handler gets it
  bool admin;
  Task<void> (Api::*handler)(Exchange&, std::string_view);
  Open open = Open::no;

  static std::span<const Route> table();
  bool takes(const Peer& peer) const {
    return peer.known || open == Open::everywhere || (open == Open::on_this_host && peer.this_host);
  }

  // What stood for the hole (empty if there is none in the pattern), or nothing if the path doesn't match.
  std::optional<std::string_view> match(std::string_view path) const;
};

std::span<const Route> Route::table() {
  static constexpr Route kTable[]{
      {"POST", "/v1/requests", false, &Api::submit},
      {"GET", "/v1/requests", false, &Api::list},
      {"GET", "/v1/requests/{id}", false, &Api::get},
      {"DELETE", "/v1/requests/{id}", false, &Api::cancel},
      {"POST", "/v1/requests/{id}/retry", false, &Api::retry},
      {"DELETE", "/v1/groups/{name}", false, &Api::cancel_group},
      {"GET", "/v1/results", false, &Api::results},
      {"POST", "/v1/results/ack", false, &Api::acknowledge},
      {"*", "/gemini/{rest}", false, &Api::gemini},
      {"GET", "/v1/status", false, &Api::status},

      {"GET", "/admin/", true, &Api::page},
      {"GET", "/admin/status", true, &Api::admin_status},
      {"GET", "/admin/attention", true, &Api::attention},
      {"GET", "/admin/batches", true, &Api::batches},
      {"GET", "/admin/batches/{id}", true, &Api::batch},
      {"POST", "/admin/batches/{id}/adopt", true, &Api::adopt},
      {"POST", "/admin/batches/{id}/requeue", true, &Api::requeue},
      {"POST", "/admin/lanes/flush", true, &Api::flush},
      {"POST", "/admin/lanes/pause", true, &Api::pause},
      {"POST", "/admin/lanes/resume", true, &Api::resume},
      {"POST", "/admin/accounts/{name}/resume", true, &Api::resume_account},
      {"GET", "/admin/backup", true, &Api::backup},
      {"GET", "/admin/audit", true, &Api::audit},

      {"GET", "/openapi.json", false, &Api::openapi},
      {"GET", "/metrics", false, &Api::metrics, Open::on_this_host},
      {"GET", "/healthz", false, &Api::healthz, Open::everywhere},
      {"GET", "/readyz", false, &Api::readyz, Open::on_this_host},
  };
  return kTable;
}

std::vector<std::pair<std::string_view, std::string_view>> Api::routes() {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  for (const auto& route : Route::table()) all.emplace_back(route.method, route.pattern);
  return all;
}

std::optional<std::string_view> Route::match(std::string_view path) const {
  const auto hole = pattern.find('{');
  if (hole == std::string_view::npos) return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  const auto hole_end = pattern.find('}') + 1;
  const auto tail = pattern.substr(hole_end);
  if (path.size() <= hole + tail.size() || !path.starts_with(pattern.substr(0, hole)) || !path.ends_with(tail))
    return std::nullopt;
  const auto found = path.substr(hole, path.size() - hole - tail.size());
  const bool rest = pattern.substr(hole, hole_end - hole) == "{rest}";
  return rest || found.find('/') == std::string_view::npos ? std::optional(found) : std::nullopt;
}

namespace {

// Browsers ask for a password where they are told Basic: /admin/ is for them.
Task<void> reply_unauthorized(Exchange& exchange) {
  const auto& path = exchange.head().path;
  auto [head, body] = render_problem(path, make_problem(401, "unauthorized", "a valid token is needed here"));
  const bool for_people = path.starts_with("/admin/");
  head.headers.emplace_back("WWW-Authenticate", for_people ? "Basic realm=\"batchd\"" : "Bearer");
  co_await exchange.reply(std::move(head), std::move(body));
}

}  // namespace

Task<void> Api::handle(Exchange& exchange) {
  const std::string path = exchange.head().path;
  std::string allowed;
  for (const auto& route : Route::table()) {
    const auto id = route.match(path);
    if (!id) continue;
    if (route.method != "*" && route.method != exchange.head().method) {
      allowed += allowed.empty() ? "" : ", ";
      allowed += route.method;
      continue;
    }
    if (!route.takes(exchange.peer())) break;
    MeasuredExchange measured(exchange, engine_.metrics, route.method, route.pattern);
    if (route.admin && !exchange.peer().admin) {
      co_await reply_problem(
          measured,
          make_problem(403, "not_admin", "this call is for administrators", false,
                       "use root, the daemon's own user, a member of server.admin_group, or an admin's token"));
      co_return;
    }
    co_await (this->*route.handler)(measured, *id);
    co_return;
  }
  if (!exchange.peer().known) {
    co_await reply_unauthorized(exchange);
    co_return;
  }
  if (!allowed.empty()) {
    auto [head, body] = render_error(405, "method_not_allowed", "this path takes " + allowed);
    head.headers.emplace_back("Allow", allowed);
    co_await exchange.reply(std::move(head), std::move(body));
    co_return;
  }
  co_await reply_problem(exchange,
                         make_problem(404, "no_such_path", "there is nothing at this path", false, "see docs/api.md"));
}

std::pair<ReplyHead, std::string> Api::render_error(int status, std::string_view code, std::string_view detail) {
  return {{status, "application/problem+json", {}},
          proto::problem(make_problem(status, code, detail, status == 503 || status == 429))};
}

Problem problem_of(const core::Error& error) {
  switch (error.code) {
    case core::Errc::not_found:
      return {404, "not_found", error.detail, false, ""};
    case core::Errc::conflict:
      return {409, "conflict", error.detail, false, ""};
    case core::Errc::stale:
      return {409, "state_changed", error.detail, true, "look again, then repeat"};
    case core::Errc::invalid:
      return {400, "invalid", error.detail, false, ""};
    case core::Errc::too_large:
      return {413, "too_large", error.detail, false, ""};
    case core::Errc::queue_full:
      return {429, "queue_full", error.detail, true, ""};
    case core::Errc::disk_full:
      return {507, "disk_full", "no room to accept work", true, "free space where store.path is"};
    case core::Errc::corrupt:
      return {500, "corrupt", "stored bytes don't match their digest", false, "restore a backup"};
    case core::Errc::stopping:
      return {503, "stopping", "the daemon is shutting down", true, ""};
    case core::Errc::store_failed:
    case core::Errc::newer_schema:
    case core::Errc::locked:
      return {500, "store_failed", error.detail, true, ""};
  }
  return {500, "bug", "unknown error", false, ""};
}

Problem stopping_problem() { return problem_of({core::Errc::stopping, ""}); }

Problem revoked_problem() { return make_problem(401, "unauthorized", "the token is no longer known"); }

Problem make_problem(int status, std::string_view code, std::string_view detail, bool retryable,
                     std::string_view hint) {
  return {status, std::string(code), std::string(detail), retryable, std::string(hint)};
}

std::pair<ReplyHead, std::string> render_problem(std::string_view path, const Problem& problem) {
  ReplyHead head{problem.status, "application/problem+json", {}};
  if (problem.retryable) head.headers.emplace_back("Retry-After", "1");
  if (!path.starts_with("/gemini/")) return {std::move(head), proto::problem(problem)};
  const auto words = problem.hint.empty() ? problem.detail : problem.detail + ": " + problem.hint;
  auto error = proto::gemini_error(problem.status, words);
  head.status = error.http_status;
  head.content_type = "application/json";
  return {std::move(head), std::move(error.body)};
}

Task<void> reply_problem(Exchange& exchange, Problem problem) {
  auto [head, body] = render_problem(exchange.head().path, problem);
  co_await exchange.reply(std::move(head), std::move(body));
}

Task<void> reply_json(Exchange& exchange, int status, std::string body) {
  ReplyHead head{status, "application/json", {}};
  co_await exchange.reply(std::move(head), std::move(body));
}

}  // namespace batchd::daemon
