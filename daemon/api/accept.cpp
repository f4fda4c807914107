#include "daemon/api/accept.h"

#include "daemon/api/reply.h"
#include "daemon/api/wait.h"

namespace batchd::daemon {
namespace {

// `grace` is how long an answered request can still be taken over if it is unknown whether its answer arrived.
core::Result<core::Accepted> adopt_or_accept(core::Store& store, const core::NewRequest& request, core::WallTime now,
                                             core::Duration grace) {
  if (!request.call.empty()) {
    const auto orphan = store.adopt_orphan(request.owner, request.call, now - grace);
    if (!orphan) return orphan.error();
    if (*orphan) return core::Accepted{**orphan, now, true};
  }
  return store.accept(request, now);
}

}  // namespace

Problem problem_of_accept(const core::Error& error) {
  if (error.code != core::Errc::conflict) return problem_of(error);
  return make_problem(422, "idempotency_key_reused", "this Idempotency-Key was used with another body", false,
                      "use a new key for a new request");
}

core::RequestView view_of(const core::NewRequest& request) {
  return {.lane = request.lane,
          .key = request.key,
          .state = core::RequestState::queued,
          .channel = request.channel,
          .labels = request.labels,
          .deadline = request.deadline,
          .fail_at_deadline = request.fail_at_deadline};
}

Task<core::Result<core::Accepted>> accept(Engine& engine, core::NewRequest request) {
  const auto spooled = request.spooled;
  const bool ends_at_deadline = request.fail_at_deadline;
  // Moved into the verb, not copied: this is the hot path.
  auto verb = [request = std::move(request), wall = engine.clock.wall(),
               grace = engine.config.retention.reattach_grace](core::Store& store) -> core::Result<core::Accepted> {
    return adopt_or_accept(store, request, wall, grace);
  };
  auto accepted = co_await engine.store.together(storage::VerbClass::intake, std::move(verb));
  if (spooled && (!accepted || accepted->replayed))  // no request has adopted it
    co_await engine.store.intake(&core::Store::spool_discard, spooled);
  if (accepted && !accepted->replayed) {
    engine.wakeups.pack.wake();
    if (ends_at_deadline) engine.wakeups.deadlines.wake();
  }
  co_return accepted;
}

Task<core::Result<std::vector<core::Accepted>>> accept_all(Engine& engine, std::vector<core::NewRequest> requests) {
  using All = std::vector<core::Accepted>;
  auto verb = [&requests, wall = engine.clock.wall(),
               grace = engine.config.retention.reattach_grace](core::Store& store) -> core::Result<All> {
    All all;
    for (const auto& request : requests) {
      const auto accepted = adopt_or_accept(store, request, wall, grace);
      if (!accepted) return accepted.error();
      all.push_back(*accepted);
    }
    return all;
  };
  auto accepted = co_await engine.store.together(storage::VerbClass::intake, std::move(verb));
  bool added = false;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool adopted = accepted && !(*accepted)[i].replayed;
    added = added || adopted;
    if (requests[i].spooled && !adopted) co_await engine.store.intake(&core::Store::spool_discard, requests[i].spooled);
  }
  if (added) engine.wakeups.pack.wake();
  co_return accepted;
}

Task<void> answer_accepted(Desk& desk, Exchange& exchange, core::Result<core::Accepted> accepted,
                           core::RequestView view, std::optional<core::Duration> wait) {
  if (!accepted) {
    co_await reply_problem(exchange, problem_of_accept(accepted.error()));
    co_return;
  }
  if (wait || accepted->replayed) {
    co_await answer_when_finished(desk, exchange, accepted->id, wait.value_or(core::Duration::zero()), 202);
    co_return;
  }
  view.id = accepted->id;
  view.created_at = accepted->created_at;
  co_await answer_with(desk, exchange, view, 202);
}

}  // namespace batchd::daemon
