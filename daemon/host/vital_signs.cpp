#include "daemon/host/vital_signs.h"

#include "daemon/engine/disk_room.h"

namespace batchd::daemon {
namespace {

constexpr std::chrono::seconds kStatusPause{2};
constexpr int kFeedsPerPeriod = 4;             // three messages in a row may be missing
constexpr std::size_t kTroubleBytesMax = 200;  // per account

std::string counted(std::int64_t number, std::string_view one, std::string_view more) {
  return std::to_string(number) + ' ' + std::string(number == 1 ? one : more);
}

std::string trouble_of(const Account& account) {
  const auto name = "account " + account.name;
  if (account.without_key) return name + " has no API key: run \"batchctl setup " + account.kind + '"';
  return name + ": " + one_line(account.detail(), kTroubleBytesMax);
}

}  // namespace

std::string status_line(const core::Totals& totals, const Accounts& accounts, bool disk_full) {
  const auto requests = [&](core::RequestState state) { return totals.requests[static_cast<std::size_t>(state)]; };
  const auto batches = [&](core::BatchState state) { return totals.batches[static_cast<std::size_t>(state)]; };
  std::string line;
  std::int64_t attention = batches(core::BatchState::held);
  for (const auto& [name, account] : accounts.all()) {
    attention += account->strange_jobs + (account->trouble.empty() ? 0 : 1);
    if (!account->healthy()) line += trouble_of(*account) + "; ";
  }
  if (disk_full) line += "the disk is full: new requests are refused until there is room, results still arrive; ";
  std::int64_t live = 0;
  for (std::size_t i = 0; i < core::kBatchStates; ++i)
    if (!core::is_terminal(static_cast<core::BatchState>(i))) live += totals.batches[i];
  const auto queued = requests(core::RequestState::queued), packed = requests(core::RequestState::packed);
  line += std::to_string(queued) + " queued, " + std::to_string(packed) + " in " + counted(live, "batch", "batches") +
          " (" + std::to_string(batches(core::BatchState::submitted)) + " at the provider), " +
          std::to_string(totals.accepted - queued - packed) + " finished";
  if (attention > 0) line += "; " + counted(attention, "needs", "need") + " attention: batchctl attention";
  return line;
}

std::string stopping_line(int calls) {
  return calls == 0 ? "stopping" : "stopping: waiting for " + counted(calls, "call", "calls");
}

void VitalSigns::start(const HttpServer& server) {
  if (!notifier_.heard()) return;
  tasks_.spawn(report(server));
  if (notifier_.watchdog().count() > 0) tasks_.spawn(feed());
}

Task<void> VitalSigns::end() {
  over_ = true;
  tasks_.cancel(asio::cancellation_type::total);
  co_await tasks_.joined(std::chrono::steady_clock::time_point::max());
}

Task<void> VitalSigns::feed() {
  Timer pause(engine_.executor);
  while (!over_) {
    const auto written = co_await engine_.store.state(&core::Store::probe);
    refused_for_room_ = !written && written.error().code == core::Errc::disk_full;
    if (written || refused_for_room_) notifier_.alive();
    if (over_) co_return;  // end() has already cancelled: nothing would end the pause
    pause.expires_after(notifier_.watchdog() / kFeedsPerPeriod);
    co_await pause.async_wait(as_tuple_task);
  }
}

Task<void> VitalSigns::report(const HttpServer& server) {
  Timer pause(engine_.executor);
  while (!over_) {
    co_await look();
    if (engine_.stopping)
      notifier_.status(stopping_line(server.exchanges_under_way()));
    else
      notifier_.status(status_line(totals_, engine_.accounts, refused_for_room_ || !has_room(engine_.config.store, 0)));
    if (over_) co_return;
    pause.expires_after(kStatusPause);
    co_await pause.async_wait(as_tuple_task);
  }
}

// Reads the totals only if anything was written since they were last read: an idle daemon leaves the store alone.
Task<void> VitalSigns::look() {
  const auto changes = engine_.store.changes();
  if (changes == totals_as_of_ || engine_.stopping) co_return;
  const auto totals = co_await engine_.store.read(&core::Store::totals);
  if (!totals) co_return;
  totals_ = *totals;
  totals_as_of_ = changes;
}

}  // namespace batchd::daemon
