#include "proto/api/operate.h"

#include "proto/api/members.h"
#include "proto/api/status.h"
#include "proto/control_document.h"
#include "proto/json/one_line.h"

namespace batchd::proto {
namespace {

using core::Errc;
using core::Error;

void append_lanes(Members& m, const core::LaneSelector& lanes) {
  m.text("account", lanes.account);
  m.text("endpoint", lanes.endpoint);
  m.text("model", lanes.model);
}

bool only_space(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

core::Result<core::LaneSelector> parse_lanes(std::string_view body) {
  core::LaneSelector lanes;
  if (only_space(body)) return lanes;
  const auto document = ControlDocument::parse(body);
  if (!document || !document->root().IsObject()) return Error{Errc::invalid, "the body is not one JSON object"};
  for (const auto& [name, value] : document->root().GetObject()) {
    const std::string_view text(name.GetString(), name.GetStringLength());
    auto* place = text == "account"    ? &lanes.account
                  : text == "endpoint" ? &lanes.endpoint
                  : text == "model"    ? &lanes.model
                                       : nullptr;
    if (place == nullptr) return Error{Errc::invalid, "the members are account, endpoint and model"};
    if (value.IsNull()) continue;
    if (!value.IsString()) return Error{Errc::invalid, std::string(text) + " is not a string"};
    place->assign(value.GetString(), value.GetStringLength());
  }
  return lanes;
}

std::string flushed_json(std::int64_t lanes) { return "{\"lanes\":" + std::to_string(lanes) + "}\n"; }

std::string paused_json(const std::vector<core::LaneSelector>& pauses, std::int64_t suspicious) {
  std::string body;
  json::Writer w(body);
  Members m(w);
  w.begin_object();
  m.array("paused", pauses, [](Members& members, const core::LaneSelector& lanes) {
    members.w.begin_object();
    append_lanes(members, lanes);
    members.w.end_object();
  });
  if (suspicious > 0) m.number("suspicious", suspicious);
  w.end_object();
  return body + '\n';
}

std::string resumed_json(std::string_view account, bool healthy) {
  std::string body;
  json::Writer w(body);
  Members m(w);
  w.begin_object();
  m.text("account", account);
  m.flag("healthy", healthy);
  w.end_object();
  return body + '\n';
}

std::string finding_json(std::string_view finding) {
  std::string body;
  json::Writer w(body);
  Members m(w);
  w.begin_object();
  m.text("finding", finding);
  w.end_object();
  return json::one_line(body) + '\n';
}

std::string audited_json(std::int64_t bodies, std::int64_t requests, std::int64_t findings) {
  std::string body;
  json::Writer w(body);
  Members m(w);
  w.begin_object();
  m.number("bodies", bodies);
  m.number("requests", requests);
  m.number("findings", findings);
  w.end_object();
  return body + '\n';
}

std::string attention_json(const Attention& attention) {
  std::string body;
  json::Writer w(body);
  Members m(w);
  const auto item = [&](std::string_view kind, const auto& append) {
    w.begin_object();
    m.text("kind", kind);
    append();
    w.end_object();
  };
  w.begin_object();
  w.key("items");
  w.begin_array();
  for (const auto& batch : attention.held)
    item("held_batch", [&] {
      m.text("batch", core::to_text(batch.id));
      m.text("account", batch.lane.account);
      m.text("message", batch.message);
      m.time("since", batch.state_since);
    });
  for (const auto& account : attention.accounts)
    item("account", [&] {
      m.text("account", account.name);
      m.text("message", account.detail);
      m.time("since", account.since);
    });
  for (const auto& strange : attention.strange)
    item("strange_job", [&] {
      m.text("account", strange.account);
      m.text("job", strange.job);
      m.text("token", strange.tag);
      m.time("since", strange.seen_at);
    });
  for (const auto& lanes : attention.paused) item("paused", [&] { append_lanes(m, lanes); });
  for (const auto& queue : attention.suspicious)
    item("suspicious_requests", [&] {
      m.text("owner", owner_text(queue.owner));
      append_lanes(m, {queue.lane.account, queue.lane.endpoint, queue.lane.model});
      m.number("requests", queue.items);
      m.time("since", queue.suspicion.since);
      m.flag("waits", queue.waits);
    });
  w.end_array();
  w.end_object();
  return body + '\n';
}

}  // namespace batchd::proto
