#include "proto/api/status.h"

#include <algorithm>

#include "proto/api/batch.h"

namespace batchd::proto {
namespace {

template <class State, std::size_t N>
void append_states(Members& m, std::string_view name, const std::array<core::StateCount, N>& states) {
  m.w.key(name);
  m.w.begin_object();
  for (std::size_t i = 0; i < N; ++i) {
    m.w.key(core::to_text(static_cast<State>(i)));
    m.w.begin_object();
    m.number("items", states[i].items);
    if (states[i].items > 0) m.age(states[i].oldest);
    m.w.end_object();
  }
  m.w.end_object();
}

void append_account(Members& m, const AccountStatus& account) {
  m.w.begin_object();
  m.text("name", account.name);
  if (account.healthy) m.flag("healthy", *account.healthy);
  m.text_if_any("detail", account.detail);
  m.text_if_any("key", account.key);
  m.time("since", account.since);
  m.number("jobs", account.use.jobs);
  m.number("jobs_max", account.limits.jobs);
  m.number("stored_bytes", account.use.stored_bytes);
  m.number("stored_bytes_max", account.limits.stored_bytes);
  m.w.end_object();
}

void append_lane(Members& m, const LaneStatus& lane) {
  const auto backlog = backlog_of(lane.queue);
  m.w.begin_object();
  m.text("account", lane.queue.lane.account);
  m.text("endpoint", lane.queue.lane.endpoint);
  m.text("model", lane.queue.lane.model);
  m.flag("paused", lane.paused);
  m.number("queued", backlog.items);
  m.number("bytes", backlog.bytes);
  m.number("tokens", backlog.tokens);
  m.number("owners", static_cast<std::int64_t>(lane.queue.owners.size()));
  m.age(backlog.oldest);
  if (lane.suspicious > 0) m.number("suspicious", lane.suspicious);
  m.number("enqueued_tokens", lane.enqueued_tokens);
  m.number("allowance", lane.allowance);
  if (lane.turnaround)
    m.number("turnaround_seconds", std::chrono::duration_cast<std::chrono::seconds>(*lane.turnaround).count());
  m.w.end_object();
}

void append_owner(Members& m, const core::OwnerUse& owner) {
  m.w.begin_object();
  m.text("owner", owner_text(owner));
  for (std::size_t i = 0; i < owner.requests.size(); ++i)
    m.number(core::to_text(static_cast<core::RequestState>(i)), owner.requests[i]);
  m.w.end_object();
}

}  // namespace

LaneBacklog backlog_of(const core::LaneQueue& queue) {
  LaneBacklog sum;
  for (const auto& owner : queue.owners) {
    sum.items += owner.items;
    sum.bytes += owner.bytes;
    sum.tokens += owner.tokens;
    sum.oldest = std::min(sum.oldest.value_or(owner.oldest), owner.oldest);
  }
  return sum;
}

std::string owner_text(const core::OwnerUse& owner) {
  return owner.name.empty() ? "uid:" + std::to_string(owner.owner.value() - core::owner_of_uid(0).value()) : owner.name;
}

std::string status_json(const std::array<std::int64_t, core::kRequestStates>& requests) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("requests");
  w.begin_object();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    w.key(core::to_text(static_cast<core::RequestState>(i)));
    w.number(requests[i]);
  }
  w.end_object();
  w.end_object();
  return body + '\n';
}

std::string admin_status_json(const AdminStatus& status) {
  std::string body;
  json::Writer w(body);
  Members m(w, status.now);
  w.begin_object();
  m.text("version", status.version);
  m.time("now", status.now);
  m.time("started_at", status.started_at);
  m.number("accepted", status.counts.accepted);
  m.number("purged", status.counts.purged);
  m.flag("balanced", status.counts.balanced());
  w.key("store");
  w.begin_object();
  m.number("database_bytes", status.counts.database_bytes);
  m.number("wal_bytes", status.counts.wal_bytes);
  m.number("free_bytes", status.free_bytes);
  w.end_object();
  append_states<core::RequestState>(m, "requests", status.counts.requests);
  append_states<core::BatchState>(m, "batches", status.counts.batches);
  m.array("accounts", status.accounts, append_account);
  m.array("lanes", status.lanes, append_lane);
  m.array("owners", status.owners, append_owner);
  m.array("live_batches", status.live_batches, append_batch);
  w.end_object();
  return body + '\n';
}

}  // namespace batchd::proto
