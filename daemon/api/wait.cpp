#include "daemon/api/wait.h"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "daemon/api/calls.h"
#include "daemon/api/response.h"

namespace batchd::daemon {

Pulse pulse(const Engine& engine, core::Duration period) {
  const bool never = period <= core::Duration::zero();
  return {period, never ? core::SteadyTime::max() : engine.clock.steady() + period};
}

Task<Waited> wait_for(Engine& engine, Exchange& exchange, core::RequestId request, core::SteadyTime due, Pulse& pulse) {
  using namespace asio::experimental::awaitable_operators;
  const auto owner = exchange.peer().owner;
  Waiters::Ticket ticket(engine.waiters, request);
  Waited waited;
  for (;;) {
    if (!exchange.still_known()) {
      waited.problem = revoked_problem();
      co_return waited;
    }
    auto view = co_await engine.store.read(&core::Store::find_request, owner, request);
    if (!view) {
      waited.problem = problem_of(view.error());
      if (view.error().code == core::Errc::not_found)
        waited.problem->detail = "no such request, or it is no longer kept";
      co_return waited;
    }
    if (core::is_terminal(view->state) || engine.clock.steady() >= due) {
      waited.request = std::move(*view);
      co_return waited;
    }
    if (engine.stopping) {
      const auto id = core::to_text(request);
      waited.problem = make_problem(503, "stopping", "the daemon is shutting down; request " + id + " is kept", true,
                                    "GET /v1/requests/" + id + " when it is back");
      co_return waited;
    }
    const auto anyway = engine.clock.steady() + engine.config.polling.max;  // should the notification be lost
    const auto next = std::min(due, std::min(pulse.next, anyway));
    const auto woken = co_await (ticket.wait_until(next) || exchange.hung_up());
    if (woken.index() == 1) co_return waited;  // the result stays in the store
    if (engine.clock.steady() < pulse.next) continue;
    const bool there = co_await exchange.interim();
    if (!there) co_return waited;
    pulse.next = engine.clock.steady() + pulse.period;
  }
}

Task<void> answer_when_finished(Desk& desk, Exchange& exchange, core::RequestId request, core::Duration wait,
                                int unfinished_status) {
  auto beat = pulse(desk.engine, interim_period(exchange.head(), desk.engine.config.server.interim));
  auto waited = co_await wait_for(desk.engine, exchange, request, desk.engine.clock.steady() + wait, beat);
  if (waited.problem && waited.problem->status == 404 &&
      unfinished_status == 202)  // a submission: the request existed, and was purged
    waited.problem = result_gone(request);
  if (waited.problem) {
    co_await reply_problem(exchange, std::move(*waited.problem));
    co_return;
  }
  if (!waited.request) co_return;
  const bool finished = core::is_terminal(waited.request->state);
  co_await answer_with(desk, exchange, *waited.request, finished ? 200 : unfinished_status);
}

Task<void> answer_with(Desk& desk, Exchange& exchange, const core::RequestView& request, int status) {
  ReplyHead head{status, "application/json", {}};
  if (status == 202) head.headers.emplace_back("Location", "/v1/requests/" + core::to_text(request.id));
  if (request.state != core::RequestState::succeeded) {
    auto json = proto::request_json(request);
    co_await exchange.reply(std::move(head), std::move(json.head));
    co_return;
  }
  EmbeddedResponse response(desk.engine, exchange.peer().owner, request);
  const auto checked = co_await response.check();
  auto trouble = checked ? core::Errc{} : checked.error().code;
  if (checked) {
    proto::RequestForm form;
    form.response_fault = response.fault();
    auto json = proto::request_json(request, form);
    const auto sent = co_await answer_around_response(exchange, response, std::move(head), std::move(json.head),
                                                      std::move(json.tail));
    if (sent.written != Written::nothing) co_return;
    trouble = sent.error;
  }
  auto problem = problem_of(core::Error{trouble, ""});
  if (trouble == core::Errc::not_found) problem.detail = "it is purged now";
  co_await reply_problem(exchange, std::move(problem));
}

}  // namespace batchd::daemon
