// What people, monitors and service managers ask: the caller's own numbers, the whole machine's, alive, ready.
#include "daemon/api.h"
#include "daemon/overview.h"

namespace batchd::daemon {
namespace {

constexpr std::chrono::seconds kVerdictStands{1};  // of /readyz

}  // namespace

Task<void> Api::status(Exchange& exchange, std::string_view) {
  const auto counts = co_await engine_.store.read(&core::Store::owner_counts, exchange.peer().owner);
  if (counts)
    co_await reply_json(exchange, 200, proto::status_json(*counts));
  else
    co_await reply_problem(exchange, problem_of(counts.error()));
}

Task<void> Api::admin_status(Exchange& exchange, std::string_view) {
  const auto status = co_await gather_status(engine_, started_at_);
  if (status)
    co_await reply_json(exchange, 200, proto::admin_status_json(*status));
  else
    co_await reply_problem(exchange, problem_of(status.error()));
}

Task<void> Api::attention(Exchange& exchange, std::string_view) {
  const auto attention = co_await gather_attention(engine_);
  if (attention)
    co_await reply_json(exchange, 200, proto::attention_json(*attention));
  else
    co_await reply_problem(exchange, problem_of(attention.error()));
}

Task<void> Api::healthz(Exchange& exchange, std::string_view) {
  co_await reply_json(exchange, 200, "{\"status\":\"alive\"}\n");
}

// A good verdict stands for a while: each is a write to the disk, and anybody on this host may ask.
Task<void> Api::readyz(Exchange& exchange, std::string_view) {
  core::Result<void> written;
  if (engine_.clock.steady() - probed_at_ >= kVerdictStands) {
    written = co_await engine_.store.state(&core::Store::probe);
    if (written) probed_at_ = engine_.clock.steady();
  }
  if (engine_.stopping)
    co_await reply_problem(exchange, stopping_problem());
  else if (!written)
    co_await reply_problem(
        exchange, make_problem(503, "not_ready", "the store takes no writes: " + written.error().detail, true));
  else
    co_await reply_json(exchange, 200, "{\"status\":\"ready\"}\n");
}

}  // namespace batchd::daemon
