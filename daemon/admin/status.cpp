// The caller's own numbers, those of the whole daemon, what needs attention, and the checks of monitors and service
// managers.
#include "daemon/admin/admin.h"
#include "daemon/admin/overview.h"
#include "daemon/api/reply.h"

namespace batchd::daemon {
namespace {

constexpr std::chrono::seconds kVerdictStands{1};  // for so long a successful probe answers GET /readyz

}  // namespace

Task<void> get_status(Desk& desk, Exchange& exchange, std::string_view) {
  const auto counts = co_await desk.engine.store.read(&core::Store::owner_counts, exchange.peer().owner);
  if (counts)
    co_await reply_json(exchange, 200, proto::status_json(*counts));
  else
    co_await reply_problem(exchange, problem_of(counts.error()));
}

Task<void> get_admin_status(Desk& desk, Exchange& exchange, std::string_view) {
  const auto status = co_await gather_status(desk.engine, desk.started_at);
  if (status)
    co_await reply_json(exchange, 200, proto::admin_status_json(*status));
  else
    co_await reply_problem(exchange, problem_of(status.error()));
}

Task<void> get_attention(Desk& desk, Exchange& exchange, std::string_view) {
  const auto attention = co_await gather_attention(desk.engine);
  if (attention)
    co_await reply_json(exchange, 200, proto::attention_json(*attention));
  else
    co_await reply_problem(exchange, problem_of(attention.error()));
}

Task<void> healthz(Desk&, Exchange& exchange, std::string_view) {
  co_await reply_json(exchange, 200, "{\"status\":\"alive\"}\n");
}

// A successful probe answers for kVerdictStands, because each probe writes to the disk and anybody on this host may
// ask.
Task<void> readyz(Desk& desk, Exchange& exchange, std::string_view) {
  core::Result<void> written;
  if (desk.engine.clock.steady() - desk.probed_at >= kVerdictStands) {
    written = co_await desk.engine.store.state(&core::Store::probe);
    if (written) desk.probed_at = desk.engine.clock.steady();
  }
  if (desk.engine.stopping)
    co_await reply_problem(exchange, stopping_problem());
  else if (!written)
    co_await reply_problem(
        exchange, make_problem(503, "not_ready", "the store takes no writes: " + written.error().detail, true));
  else
    co_await reply_json(exchange, 200, "{\"status\":\"ready\"}\n");
}

}  // namespace batchd::daemon
