#include "daemon/api/reply.h"

namespace batchd::daemon {

std::pair<ReplyHead, std::string> render_error(int status, std::string_view code, std::string_view detail) {
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

Problem problem_of_fault(const proto::SubmissionFault& fault) {
  return make_problem(fault.status, fault.code, fault.detail);
}

Problem unknown_account(std::string_view account) {
  return make_problem(400, "unknown_account", "there is no account \"" + std::string(account) + '"');
}

Problem stopping_problem() { return problem_of({core::Errc::stopping, ""}); }

Problem revoked_problem() { return make_problem(401, "unauthorized", "the token is no longer known"); }

Problem result_gone(core::RequestId request) {
  return make_problem(410, "result_gone",
                      "request " + core::to_text(request) + " was accepted and has ended, and is no longer kept", false,
                      "use a new Idempotency-Key to run it again");
}

Problem make_problem(int status, std::string_view code, std::string_view detail, bool retryable,
                     std::string_view hint) {
  return {status, std::string(code), std::string(detail), retryable, std::string(hint)};
}

std::pair<ReplyHead, std::string> render_problem(const Problem& problem) {
  ReplyHead head{problem.status, "application/problem+json", {}};
  if (problem.retryable) head.headers.emplace_back("Retry-After", "1");
  return {std::move(head), proto::problem(problem)};
}

Task<void> reply_problem(Exchange& exchange, Problem problem) {
  auto [head, body] = render_problem(problem);
  co_await exchange.reply(std::move(head), std::move(body));
}

Task<void> reply_json(Exchange& exchange, int status, std::string body) {
  ReplyHead head{status, "application/json", {}};
  co_await exchange.reply(std::move(head), std::move(body));
}

}  // namespace batchd::daemon
