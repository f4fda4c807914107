// GET /v1/requests/{id}, and every other way to wait for one request. The truth is in the store; the wait is a
// convenience.
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "daemon/api.h"
#include "daemon/calls.h"
#include "daemon/response.h"

namespace batchd::daemon {

Task<void> Api::get(Exchange& exchange, std::string_view id) {
  const auto request = core::parse_id<core::RequestId>(id);
  const auto wait = wait_parameter(exchange.head());
  if (!wait) {
    co_await reply_problem(exchange, make_problem(400, "bad_wait", "wait is a whole number of seconds"));
    co_return;
  }
  if (!request) {  // not an id at all: the same answer as for one that isn't the caller's
    co_await reply_problem(exchange, make_problem(404, "not_found", "no such request"));
    co_return;
  }
  co_await answer_when_finished(exchange, *request, *wait, 200);
}

Api::Pulse Api::pulse(core::Duration period) const {
  const bool never = period <= core::Duration::zero();
  return {period, never ? core::SteadyTime::max() : engine_.clock.steady() + period};
}

Task<Api::Held> Api::hold(Exchange& exchange, core::RequestId request, core::SteadyTime due, Pulse& pulse) {
  using namespace asio::experimental::awaitable_operators;
  const auto owner = exchange.peer().owner;
  Waiters::Ticket ticket(engine_.waiters, request);
  Held held;
  for (;;) {
    if (!exchange.still_known()) {
      held.problem = revoked_problem();
      co_return held;
    }
    auto view = co_await engine_.store.read(&core::Store::find_request, owner, request);
    if (!view) {
      held.problem = problem_of(view.error());
      if (view.error().code == core::Errc::not_found) held.problem->detail = "no such request, or it is no longer kept";
      co_return held;
    }
    if (core::is_terminal(view->state) || engine_.clock.steady() >= due) {
      held.request = std::move(*view);
      co_return held;
    }
    if (engine_.stopping) {
      const auto id = core::to_text(request);
      held.problem = make_problem(503, "stopping", "the daemon is shutting down; request " + id + " is kept", true,
                                  "GET /v1/requests/" + id + " when it is back");
      co_return held;
    }
    const auto woken = co_await (ticket.wait_until(std::min(due, pulse.next)) || exchange.hung_up());
    if (woken.index() == 1) co_return held;  // the result stays in the store
    if (engine_.clock.steady() < pulse.next) continue;
    const bool there = co_await exchange.interim();
    if (!there) co_return held;
    pulse.next = engine_.clock.steady() + pulse.period;
  }
}

Problem result_gone(core::RequestId request) {
  return make_problem(410, "result_gone",
                      "request " + core::to_text(request) + " was accepted and has ended, and is no longer kept", false,
                      "use a new Idempotency-Key to run it again");
}

Task<void> Api::answer_when_finished(Exchange& exchange, core::RequestId request, core::Duration wait,
                                     int unfinished_status) {
  auto beat = pulse(interim_period(exchange.head(), engine_.config.server.interim));
  auto held = co_await hold(exchange, request, engine_.clock.steady() + wait, beat);
  if (held.problem && held.problem->status == 404 && unfinished_status == 202)  // it was accepted, or is known
    held.problem = result_gone(request);
  if (held.problem) {
    co_await reply_problem(exchange, std::move(*held.problem));
    co_return;
  }
  if (!held.request) co_return;
  const bool finished = core::is_terminal(held.request->state);
  co_await answer_with(exchange, *held.request, finished ? 200 : unfinished_status);
}

Task<void> Api::answer_with(Exchange& exchange, const core::RequestView& request, int status) {
  auto json = proto::request_json(request);
  ReplyHead head{status, "application/json", {}};
  if (status == 202) head.headers.emplace_back("Location", "/v1/requests/" + core::to_text(request.id));
  if (request.state != core::RequestState::succeeded) {
    co_await exchange.reply(std::move(head), std::move(json.head));
    co_return;
  }
  const auto sent = co_await answer_around_response(exchange, engine_, std::move(head), std::move(json.head),
                                                    request, std::move(json.tail));
  if (sent.written != Written::nothing) co_return;
  auto problem = problem_of(core::Error{sent.error, ""});
  if (sent.error == core::Errc::not_found) problem.detail = "it is purged now";
  co_await reply_problem(exchange, std::move(problem));
}

}  // namespace batchd::daemon
