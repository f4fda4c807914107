// What browsers, monitors and generators of clients read: the page, the metrics, the description of the API.
#include <charconv>

#include "daemon/admin/admin.h"
#include "daemon/admin/openapi.h"
#include "daemon/admin/overview.h"
#include "daemon/api/reply.h"
#include "proto/page/admin_page.h"

namespace batchd::daemon {
namespace {

constexpr int kBatchesOnPage = 25;
constexpr std::int64_t kRefreshSecondsMax = 3600;

std::vector<core::BatchState> all_states() {
  std::vector<core::BatchState> states;
  for (std::size_t i = 0; i < core::kBatchStates; ++i) states.push_back(static_cast<core::BatchState>(i));
  return states;
}

// Returns the period of ?refresh=SECONDS; nullopt, which means never, for anything else.
std::optional<std::chrono::seconds> refresh_of(const RequestHead& head) {
  const auto text = head.query_value("refresh").value_or("");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 1 || seconds > kRefreshSecondsMax)
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

Task<void> show_page(Desk& desk, Exchange& exchange, std::string_view) {
  auto status = co_await gather_status(desk.engine, desk.started_at);
  auto attention = co_await gather_attention(desk.engine);
  const auto states = all_states();
  auto batches = co_await desk.engine.store.read(
      &core::Store::recent_batches, std::span<const core::BatchState>(states), core::BatchId{}, kBatchesOnPage);
  if (!status || !attention || !batches) {
    co_await reply_problem(exchange, problem_of(!status      ? status.error()
                                                : !attention ? attention.error()
                                                             : batches.error()));
    co_return;
  }
  const proto::AdminPage page{.status = std::move(*status),
                              .attention = std::move(*attention),
                              .batches = std::move(*batches),
                              .refresh = refresh_of(exchange.head())};
  ReplyHead head{200, "text/html; charset=utf-8", {}};
  head.headers.emplace_back("Content-Security-Policy", proto::admin_page_policy());
  head.headers.emplace_back("X-Content-Type-Options", "nosniff");
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("Referrer-Policy", "same-origin");
  co_await exchange.reply(std::move(head), proto::admin_page(page));
}

// Relative, so that a proxy may serve batchd below a path of its own.
Task<void> redirect_to_page(Desk&, Exchange& exchange, std::string_view) {
  const auto refresh = refresh_of(exchange.head());
  ReplyHead head{308, "", {}};
  head.headers.emplace_back("Location", "admin/" + (refresh ? "?refresh=" + std::to_string(refresh->count()) : ""));
  co_await exchange.reply(std::move(head), std::string());
}

Task<void> get_metrics(Desk& desk, Exchange& exchange, std::string_view) {
  const auto status = co_await gather_status(desk.engine, desk.started_at);
  const auto attention = co_await gather_attention(desk.engine);
  if (!status || !attention) {
    co_await reply_problem(exchange, problem_of(!status ? status.error() : attention.error()));
    co_return;
  }
  Metrics::Process process;
  process.waiters = static_cast<std::int64_t>(desk.engine.waiters.size());
  if (desk.server != nullptr) {
    process.connections = desk.server->connections();
    process.exchanges = desk.server->exchanges_under_way();
  }
  ReplyHead head{200, "text/plain; version=0.0.4; charset=utf-8", {}};
  co_await exchange.reply(std::move(head), desk.engine.metrics.text(*status, *attention, process));
}

Task<void> get_openapi(Desk&, Exchange& exchange, std::string_view) {
  co_await reply_json(exchange, 200, std::string(openapi_document()));
}

}  // namespace batchd::daemon
