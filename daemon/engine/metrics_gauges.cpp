#include "daemon/engine/metrics_gauges.h"

#include <algorithm>

namespace batchd::daemon {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Collects metric families; samples may be added to them in any order.
class Sheet {
 public:
  MetricFamily& family(const char* name, const char* help, MetricType type = MetricType::Gauge) {
    return families_.emplace_back(MetricFamily{name, help, type, {}});
  }
  void one(const char* name, const char* help, double value, const Labels& labels = {},
           MetricType type = MetricType::Gauge) {
    add(family(name, help, type), value, labels);
  }
  static void add(MetricFamily& family, double value, const Labels& labels) {
    prometheus::ClientMetric metric;
    metric.label = labels;
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family.metric.push_back(std::move(metric));
  }
  static void add(MetricFamily& family, std::int64_t value, const Labels& labels) {
    add(family, static_cast<double>(value), labels);
  }
  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

double age(core::WallTime now, const std::optional<core::WallTime>& oldest) {
  return oldest ? std::max(0.0, std::chrono::duration<double>(now - *oldest).count()) : 0;
}

template <class State, std::size_t N>
void add_states(Sheet& sheet, const char* name, const char* help, const char* age_name, const char* age_help,
                const std::array<core::StateCount, N>& states, core::WallTime now) {
  MetricFamily items{name, help, MetricType::Gauge, {}}, ages{age_name, age_help, MetricType::Gauge, {}};
  for (std::size_t i = 0; i < N; ++i) {
    const Labels labels{{"state", std::string(core::to_text(static_cast<State>(i)))}};
    Sheet::add(items, states[i].items, labels);
    Sheet::add(ages, states[i].items > 0 ? age(now, states[i].oldest) : 0.0, labels);
  }
  for (auto* family : {&items, &ages})
    sheet.family(family->name.c_str(), family->help.c_str()).metric = std::move(family->metric);
}

void add_accounts(Sheet& sheet, const std::vector<proto::AccountStatus>& accounts) {
  const auto each = [&](const char* name, const char* help, auto value) {
    auto& family = sheet.family(name, help);
    for (const auto& account : accounts) Sheet::add(family, value(account), {{"account", account.name}});
  };
  using proto::AccountStatus;
  each("batchd_account_healthy", "1 if the provider takes the account's calls.",
       [](const AccountStatus& a) { return a.healthy.value_or(true) ? 1.0 : 0.0; });
  each("batchd_account_jobs", "Batches that hold a job slot.", [](const AccountStatus& a) { return a.use.jobs; });
  each("batchd_account_jobs_limit", "Job slots.", [](const AccountStatus& a) { return a.limits.jobs; });
  each("batchd_account_stored_bytes", "Bytes of files at the provider.",
       [](const AccountStatus& a) { return a.use.stored_bytes; });
  each("batchd_account_stored_limit_bytes", "Bytes of files that may be there.",
       [](const AccountStatus& a) { return a.limits.stored_bytes; });
}

void add_lanes(Sheet& sheet, const std::vector<proto::LaneStatus>& lanes, core::WallTime now) {
  const auto shown = std::min(lanes.size(), Metrics::kLanesShown);
  const auto each = [&](const char* name, const char* help, auto value) {
    auto& family = sheet.family(name, help);
    for (std::size_t i = 0; i < shown; ++i) {
      const auto& lane = lanes[i].queue.lane;
      Sheet::add(family, value(lanes[i]),
                 {{"account", lane.account}, {"endpoint", lane.endpoint}, {"model", lane.model}});
    }
  };
  using proto::LaneStatus;
  each("batchd_lane_queued", "Requests waiting for a batch.",
       [](const LaneStatus& l) { return proto::backlog_of(l.queue).items; });
  each("batchd_lane_oldest_seconds", "For how long the oldest of them has waited.",
       [now](const LaneStatus& l) { return age(now, proto::backlog_of(l.queue).oldest); });
  each("batchd_lane_enqueued_tokens", "Tokens in batches from their sealing to the end of their job.",
       [](const LaneStatus& l) { return l.enqueued_tokens; });
  each("batchd_lane_allowance_tokens", "How many of them may be there now.",
       [](const LaneStatus& l) { return l.allowance; });
  each("batchd_lane_paused", "1 if an operator has paused it.",
       [](const LaneStatus& l) { return l.paused ? 1.0 : 0.0; });
}

void add_store(Sheet& sheet, const proto::AdminStatus& status) {
  const auto number = [](std::int64_t value) { return static_cast<double>(value); };
  std::int64_t queue_bytes = 0;
  for (const auto& lane : status.lanes) queue_bytes += proto::backlog_of(lane.queue).bytes;
  sheet.one("batchd_queue_bytes", "Bytes of the requests that wait for a batch.", number(queue_bytes));
  sheet.one("batchd_database_bytes", "Size of the database.", number(status.counts.database_bytes));
  sheet.one("batchd_wal_bytes", "Size of its write-ahead log.", number(status.counts.wal_bytes));
  sheet.one("batchd_disk_free_bytes", "Free space where the database is.", number(status.free_bytes));
  sheet.one("batchd_balanced", "1 if accepted = sum of the states + purged.", status.counts.balanced() ? 1 : 0);
  sheet.one("batchd_requests_accepted_total", "Requests accepted, since the database was made.",
            number(status.counts.accepted), {}, MetricType::Counter);
  sheet.one("batchd_requests_purged_total", "Requests no longer kept, since the database was made.",
            number(status.counts.purged), {}, MetricType::Counter);
}

}  // namespace

std::vector<MetricFamily> gauges_of(const proto::AdminStatus& status, const proto::Attention& attention,
                                    const Metrics::Process& process, core::WallTime started_at) {
  Sheet sheet;
  sheet.one("batchd_build_info", "Always 1.", 1, {{"version", status.version}});
  sheet.one("batchd_start_time_seconds", "When the process started, as Unix time.",
            std::chrono::duration<double>(started_at.time_since_epoch()).count());
  add_states<core::RequestState>(sheet, "batchd_requests", "Requests by state.", "batchd_requests_oldest_seconds",
                                 "For how long the oldest has been in the state; 0: none is.", status.counts.requests,
                                 status.now);
  add_states<core::BatchState>(sheet, "batchd_batches", "Batches by state.", "batchd_batches_oldest_seconds",
                               "For how long the oldest has been in the state; 0: none is.", status.counts.batches,
                               status.now);
  add_accounts(sheet, status.accounts);
  add_lanes(sheet, status.lanes, status.now);
  add_store(sheet, status);
  auto& waiting = sheet.family("batchd_attention", "What waits for a person, by kind.");
  Sheet::add(waiting, std::ssize(attention.held), {{"kind", "held_batch"}});
  Sheet::add(waiting, std::ssize(attention.accounts), {{"kind", "account"}});
  Sheet::add(waiting, std::ssize(attention.strange), {{"kind", "strange_job"}});
  Sheet::add(waiting, std::ssize(attention.paused), {{"kind", "paused"}});
  Sheet::add(waiting, std::ssize(attention.suspicious), {{"kind", "suspicious_requests"}});
  std::int64_t suspicious = 0;
  for (const auto& queue : attention.suspicious) suspicious += queue.items;
  sheet.one("batchd_suspicious_requests", "Requests in suspicious queues.", static_cast<double>(suspicious));
  sheet.one("batchd_connections", "Clients connected.", static_cast<double>(process.connections));
  sheet.one("batchd_exchanges", "Calls being answered or waiting.", static_cast<double>(process.exchanges));
  sheet.one("batchd_waiters", "Calls waiting for a request to end.", static_cast<double>(process.waiters));
  return sheet.take();
}

}  // namespace batchd::daemon
