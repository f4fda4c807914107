// DELETE /v1/requests/{id} and /v1/groups/{name}. A packed request ends at once: a result that its batch yields later
// is counted and dropped, and a batch that nobody waits for any more is cancelled.
#include "daemon/api/api.h"
#include "daemon/api/calls.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {

Task<void> cancel_request(Desk& desk, Exchange& exchange, std::string_view id) {
  if (auto problem = check_parameters(exchange.head(), {})) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  const auto request = core::parse_id<core::RequestId>(id);
  if (!request) {
    co_await reply_problem(exchange, make_problem(404, "not_found", "no such request"));
    co_return;
  }
  const auto cancelled =
      co_await desk.engine.store.state(&core::Store::cancel, exchange.peer().owner, *request, desk.engine.clock.wall());
  if (!cancelled) {
    auto problem = problem_of(cancelled.error());
    if (cancelled.error().code == core::Errc::not_found) problem.detail = "no such request, or it is no longer kept";
    if (cancelled.error().code == core::Errc::conflict)
      problem = make_problem(409, "already_finished", "the request has already ended", false,
                             "GET /v1/requests/" + core::to_text(*request) + " shows how");
    co_await reply_problem(exchange, std::move(problem));
    co_return;
  }
  desk.engine.announce(cancelled->recorded);
  if (cancelled->deserted) desk.engine.deserted(cancelled->deserted);
  co_await reply_json(exchange, 200, proto::cancelled_json(*request, cancelled->was));
}

Task<void> cancel_group(Desk& desk, Exchange& exchange, std::string_view name) {
  if (auto problem = check_parameters(exchange.head(), {})) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  const std::string group(name);
  std::int64_t cancelled = 0, finished = 0;
  for (std::optional<core::RequestId> after = core::RequestId(); after;) {
    const auto step = co_await desk.engine.store.state(&core::Store::cancel_group, exchange.peer().owner, group, *after,
                                                       desk.engine.clock.wall());
    if (!step) {
      auto problem = problem_of(step.error());
      if (step.error().code == core::Errc::not_found) problem.detail = "no such group, or it is no longer kept";
      co_await reply_problem(exchange, std::move(problem));
      co_return;
    }
    desk.engine.announce(step->recorded);
    for (const auto batch : step->deserted) desk.engine.deserted(batch);
    cancelled += std::ssize(step->recorded.finished);
    finished += step->over;
    after = step->next;
  }
  co_await reply_json(exchange, 200, proto::group_cancelled_json(group, cancelled, finished));
}

}  // namespace batchd::daemon
