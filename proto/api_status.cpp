#include "proto/api_status.h"

#include <algorithm>

#include "proto/json/write.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

// A json::Writer that writes whole members.
class Members {
 public:
  Members(json::Writer& writer, core::WallTime now) : w(writer), now_(now) {}

  void text(std::string_view name, std::string_view value) {
    w.key(name);
    w.string(value);
  }
  void text_if_any(std::string_view name, std::string_view value) {
    if (!value.empty()) text(name, value);
  }
  void number(std::string_view name, std::int64_t value) {
    w.key(name);
    w.number(value);
  }
  void time(std::string_view name, const std::optional<core::WallTime>& value) {
    if (value) text(name, rfc3339(*value));
  }
  void age(const std::optional<core::WallTime>& oldest) {
    if (!oldest) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now_ - *oldest).count();
    number("oldest_seconds", std::max<std::int64_t>(seconds, 0));
  }

  json::Writer& w;

 private:
  core::WallTime now_;
};

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
  if (account.healthy) {
    m.w.key("healthy");
    m.w.boolean(*account.healthy);
  }
  m.text_if_any("detail", account.detail);
  m.time("since", account.since);
  m.number("jobs", account.use.jobs);
  m.number("jobs_max", account.limits.jobs);
  m.number("stored_bytes", account.use.stored_bytes);
  m.number("stored_bytes_max", account.limits.stored_bytes);
  m.w.end_object();
}

void append_lane(Members& m, const core::LaneQueue& lane) {
  std::int64_t items = 0, bytes = 0, tokens = 0;
  std::optional<core::WallTime> oldest;
  for (const auto& owner : lane.owners) {
    items += owner.items;
    bytes += owner.bytes;
    tokens += owner.tokens;
    oldest = std::min(oldest.value_or(owner.oldest), owner.oldest);
  }
  m.w.begin_object();
  m.text("account", lane.lane.account);
  m.text("endpoint", lane.lane.endpoint);
  m.text("model", lane.lane.model);
  m.number("queued", items);
  m.number("bytes", bytes);
  m.number("tokens", tokens);
  m.number("owners", static_cast<std::int64_t>(lane.owners.size()));
  m.age(oldest);
  m.w.end_object();
}

void append_lines(Members& m, const core::LineCounts& lines) {
  m.w.key("lines");
  m.w.begin_object();
  m.number("succeeded", lines.succeeded);
  m.number("failed", lines.failed);
  m.number("requeued", lines.requeued);
  m.number("missing", lines.missing);
  m.number("possibly_charged", lines.possibly_charged);
  m.number("dropped", lines.dropped);
  m.number("foreign", lines.foreign);
  m.number("unreadable", lines.unreadable);
  m.w.end_object();
}

void append_batch(Members& m, const core::Batch& batch) {
  m.w.begin_object();
  m.text("id", core::to_text(batch.id));
  m.text("state", core::to_text(batch.state));
  m.time("state_since", batch.state_since);
  m.text("account", batch.lane.account);
  m.text("endpoint", batch.lane.endpoint);
  m.text("model", batch.lane.model);
  m.text("reason", core::to_text(batch.reason));
  m.number("items", batch.items);
  m.number("body_bytes", batch.body_bytes);
  m.number("tokens", batch.tokens);
  if (batch.parent) m.text("parent", core::to_text(batch.parent));
  m.number("creates", batch.creates);
  m.number("fences", batch.fences);
  m.text_if_any("token", batch.token);
  m.text_if_any("job", batch.job);
  if (batch.end) m.text("end", core::to_text(*batch.end));
  m.text_if_any("result_file", batch.result_file);
  m.text_if_any("message", batch.message);
  m.time("created_at", batch.created_at);
  m.time("submitted_at", batch.submitted_at);
  m.time("ended_at", batch.ended_at);
  m.time("not_before", batch.not_before);
  append_lines(m, batch.lines);
  m.w.end_object();
}

template <class Things, class Append>
void append_array(Members& m, std::string_view name, const Things& things, Append append) {
  m.w.key(name);
  m.w.begin_array();
  for (const auto& thing : things) append(m, thing);
  m.w.end_array();
}

}  // namespace

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
  w.key("balanced");
  w.boolean(status.counts.balanced());
  w.key("store");
  w.begin_object();
  m.number("database_bytes", status.counts.database_bytes);
  m.number("wal_bytes", status.counts.wal_bytes);
  w.end_object();
  append_states<core::RequestState>(m, "requests", status.counts.requests);
  append_states<core::BatchState>(m, "batches", status.counts.batches);
  append_array(m, "accounts", status.accounts, append_account);
  append_array(m, "lanes", status.lanes, append_lane);
  append_array(m, "live_batches", status.live_batches, append_batch);
  w.end_object();
  return body + '\n';
}

}  // namespace batchd::proto
