// Operators' decisions on lanes and accounts: send now, pause, resume.
#include <algorithm>

#include "daemon/admin/admin.h"
#include "daemon/api/lane.h"
#include "daemon/api/reply.h"
#include "daemon/api/small_body.h"
#include "daemon/net/log.h"
#include "proto/api/operate.h"

namespace batchd::daemon {
namespace {

using proto::parse_lanes;

Task<core::Result<core::LaneSelector>> read_lanes(Exchange& exchange, Engine& engine) {
  const auto body = co_await read_small_body(exchange);
  if (!body) co_return body.error();
  auto lanes = parse_lanes(*body);
  if (lanes) lanes->model = lane_model(engine, lanes->account, lanes->model);
  co_return lanes;
}

void log_word(std::string_view event, const core::LaneSelector& lanes, const Exchange& exchange) {
  log_event(LogLevel::info, event,
            {{"account", lanes.account},
             {"endpoint", lanes.endpoint},
             {"model", lanes.model},
             {"owner", exchange.peer().owner}});
}

Task<void> answer_pauses(Exchange& exchange, Engine& engine, std::int64_t suspicious = 0) {
  const auto pauses = co_await engine.store.read(&core::Store::list_pauses);
  if (pauses)
    co_await reply_json(exchange, 200, proto::paused_json(*pauses, suspicious));
  else
    co_await reply_problem(exchange, problem_of(pauses.error()));
}

}  // namespace

Task<void> flush_lanes(Desk& desk, Exchange& exchange, std::string_view) {
  const auto lanes = co_await read_lanes(exchange, desk.engine);
  if (!lanes) {
    co_await reply_problem(exchange, problem_of(lanes.error()));
    co_return;
  }
  const auto queues = co_await desk.engine.store.read(&core::Store::summarise_queue);
  if (!queues) {
    co_await reply_problem(exchange, problem_of(queues.error()));
    co_return;
  }
  const auto meant = [&](const core::LaneQueue& queue) { return matches(*lanes, queue.lane); };
  const auto count = std::ranges::count_if(*queues, meant);
  log_word("operator_flushes", *lanes, exchange);
  desk.engine.flushes.ask(*lanes, desk.engine.clock.wall());
  desk.engine.wakeups.pack.wake();
  co_await reply_json(exchange, 200, proto::flushed_json(count));
}

Task<void> pause_lanes(Desk& desk, Exchange& exchange, std::string_view) {
  const auto lanes = co_await read_lanes(exchange, desk.engine);
  if (!lanes) {
    co_await reply_problem(exchange, problem_of(lanes.error()));
    co_return;
  }
  const auto set = co_await desk.engine.store.state(&core::Store::set_pause, *lanes, true);
  if (!set) {
    co_await reply_problem(exchange, problem_of(set.error()));
    co_return;
  }
  log_word("operator_pauses", *lanes, exchange);
  co_await answer_pauses(exchange, desk.engine);
}

// The accounts of these lanes, too, try again at once if they are in trouble, and suspicious requests that waited for
// an operator go on: the operator wants work to go on.
Task<void> resume_lanes(Desk& desk, Exchange& exchange, std::string_view) {
  const auto lanes = co_await read_lanes(exchange, desk.engine);
  if (!lanes) {
    co_await reply_problem(exchange, problem_of(lanes.error()));
    co_return;
  }
  auto resume = [&lanes = *lanes, now = desk.engine.clock.wall()](core::Store& store) -> core::Result<std::int64_t> {
    const auto ended = store.set_pause(lanes, false);
    if (!ended) return ended.error();
    return store.renew_suspicion(lanes, now);
  };
  const auto renewed = co_await desk.engine.store.together(storage::VerbClass::state, resume);
  if (!renewed) {
    co_await reply_problem(exchange, problem_of(renewed.error()));
    co_return;
  }
  log_word("operator_resumes", *lanes, exchange);
  for (const auto& [name, account] : desk.engine.accounts.all())
    if (lanes->account.empty() || lanes->account == name) desk.engine.try_at_once(*account);
  desk.engine.wakeups.pack.wake();
  co_await answer_pauses(exchange, desk.engine, *renewed);
}

Task<void> resume_account(Desk& desk, Exchange& exchange, std::string_view name) {
  auto* account = desk.engine.accounts.find(std::string(name));
  if (account == nullptr) {
    co_await reply_problem(exchange, make_problem(404, "not_found", "there is no such account"));
    co_return;
  }
  log_event(LogLevel::info, "operator_resumes_account", {{"account", account->name}, {"owner", exchange.peer().owner}});
  const auto resumed = co_await desk.engine.resume(*account);
  if (resumed)
    co_await reply_json(exchange, 200, proto::resumed_json(account->name, account->healthy()));
  else
    co_await reply_problem(exchange, problem_of(resumed.error()));
}

}  // namespace batchd::daemon
