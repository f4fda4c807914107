// POST /v1/results/ack: the caller is done with these results, which may be purged after a grace.
#include "daemon/api/api.h"
#include "daemon/api/calls.h"
#include "daemon/api/reply.h"
#include "daemon/api/results.h"
#include "daemon/api/small_body.h"

namespace batchd::daemon {
namespace {

constexpr std::size_t kBodyBytesMax = 64 << 10;  // room for 1,000 ids

Task<core::Result<std::int64_t>> acknowledge_channel(Engine& engine, core::OwnerId owner, std::string channel,
                                                     std::int64_t up_to) {
  std::int64_t requests = 0;
  for (bool more = true; more;) {
    const auto step =
        co_await engine.store.state(&core::Store::acknowledge, owner, channel, up_to, engine.clock.wall());
    if (!step) co_return step.error();
    requests += step->requests;
    more = step->more;
  }
  co_return requests;
}

}  // namespace

Task<void> acknowledge_results(Desk& desk, Exchange& exchange, std::string_view) {
  auto problem = check_parameters(exchange.head(), {});
  const auto body = co_await read_small_body(exchange, kBodyBytesMax);
  if (!problem && !body) problem = problem_of(body.error());
  if (problem) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  auto [wanted, fault] = proto::parse_acknowledgement(*body);
  if (!wanted) problem = problem_of_fault(fault);
  if (wanted && wanted->up_to) problem = co_await check_cursor(desk.engine, *wanted->up_to);
  if (problem) {
    co_await reply_problem(exchange, std::move(*problem));
    co_return;
  }
  const auto owner = exchange.peer().owner;
  if (wanted->up_to) {
    const auto requests = co_await acknowledge_channel(desk.engine, owner, wanted->channel, wanted->up_to->completion);
    if (requests)
      co_await reply_json(exchange, 200, proto::acknowledged_json(*requests, nullptr));
    else
      co_await reply_problem(exchange, problem_of(requests.error()));
    co_return;
  }
  const std::span<const core::RequestId> ids(wanted->ids);
  const auto done =
      co_await desk.engine.store.state(&core::Store::acknowledge_ids, owner, ids, desk.engine.clock.wall());
  if (done)
    co_await reply_json(exchange, 200, proto::acknowledged_json(done->requests, &done->unknown));
  else
    co_await reply_problem(exchange, problem_of(done.error()));
}

}  // namespace batchd::daemon
