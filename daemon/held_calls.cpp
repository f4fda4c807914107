#include "daemon/held_calls.h"

#include "daemon/log.h"

namespace batchd::daemon {
namespace {

// Should a write of these fail, the purge or the next start sees to the call.
Task<void> conclude(Engine& engine, core::RequestId request, bool taken) {
  if (taken) {
    co_await engine.store.state(&core::Store::answer_held, request, engine.clock.wall());
    co_return;
  }
  log_event(LogLevel::info, "answer_not_taken", {{"request", request}});
  co_await engine.store.state(&core::Store::leave_orphan, request);
}

}  // namespace

Task<void> part_from_caller(Engine& engine, Exchange& exchange, core::RequestId request, bool answered) {
  if (!answered) {
    co_await engine.store.state(&core::Store::leave_orphan, request);
    co_return;
  }
  // Before anybody can know more: what is concluded must find it noted.
  co_await engine.store.state(&core::Store::note_answer, request, engine.clock.wall());
  exchange.after_answer([&engine, request](bool taken) { engine.tasks.spawn(conclude(engine, request, taken)); });
}

}  // namespace batchd::daemon
