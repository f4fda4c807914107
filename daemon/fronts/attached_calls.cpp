// The end of attached calls, whose caller knows no id: notes which of them the same call, made again, may still take
// over.
#include "daemon/fronts/gemini_front.h"
#include "daemon/net/log.h"

namespace batchd::daemon {
namespace {

// If the store fails here, the purge or the next start deals with the calls.
Task<void> conclude(Engine& engine, std::vector<core::RequestId> answered, bool taken) {
  if (!taken)
    log_event(LogLevel::info, "answer_not_taken",
              {{"request", answered.front()}, {"requests", static_cast<std::int64_t>(answered.size())}});
  auto verb = [answered = std::move(answered), taken, now = engine.clock.wall()](core::Store& store) {
    core::Result<void> noted;
    for (const auto request : answered) {
      noted = taken ? store.complete_call(request, now) : store.orphan_call(request);
      if (!noted) break;
    }
    return noted;
  };
  co_await engine.store.together(storage::VerbClass::state, std::move(verb));
}

core::Result<void> note_end(core::Store& store, const EndedCall& call, core::WallTime now) {
  switch (call.end) {
    case CallEnd::orphan:
      return store.orphan_call(call.request);
    case CallEnd::answered:
      return store.note_answer(call.request, now);
    case CallEnd::abandoned:
      return store.abandon_call(call.request);
  }
  return core::Result<void>();
}

}  // namespace

Task<void> end_calls(Engine& engine, Exchange& exchange, std::vector<EndedCall> calls) {
  auto verb = [&calls, now = engine.clock.wall()](core::Store& store) {
    core::Result<void> noted;
    for (const auto& call : calls) {
      noted = note_end(store, call, now);
      if (!noted) break;
    }
    return noted;
  };
  // Noted before it is known whether the client received the answer: conclude() relies on the note.
  co_await engine.store.together(storage::VerbClass::state, std::move(verb));
  std::vector<core::RequestId> answered;
  for (const auto& call : calls)
    if (call.end == CallEnd::answered) answered.push_back(call.request);
  if (answered.empty()) co_return;
  exchange.after_answer(
      [&engine, answered = std::move(answered)](bool taken) { engine.tasks.spawn(conclude(engine, answered, taken)); });
}

}  // namespace batchd::daemon
