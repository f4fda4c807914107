#include "proto/api/batch.h"

#include "proto/api/status.h"

namespace batchd::proto {
namespace {

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

}  // namespace

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
  m.text_if_any("token", batch.tag);
  m.text_if_any("job", batch.job);
  if (batch.end) m.text("end", core::to_text(*batch.end));
  if (!batch.results.empty()) m.text("result_file", batch.results.front());
  if (batch.results.size() > 1)
    m.array("results", batch.results, [](Members& members, const std::string& result) { members.w.string(result); });
  m.text_if_any("message", batch.message);
  m.time("created_at", batch.created_at);
  m.time("submitted_at", batch.submitted_at);
  m.time("ended_at", batch.ended_at);
  m.time("not_before", batch.not_before);
  append_lines(m, batch.lines);
  m.w.end_object();
}

std::string batch_json(const core::Batch& batch) {
  std::string body;
  json::Writer w(body);
  Members m(w);
  append_batch(m, batch);
  return body + '\n';
}

std::string batches_json(const std::vector<core::Batch>& batches, std::optional<core::BatchId> next) {
  std::string body;
  json::Writer w(body);
  Members m(w);
  w.begin_object();
  m.array("batches", batches, append_batch);
  if (next) m.text("next", core::to_text(*next));
  w.end_object();
  return body + '\n';
}

}  // namespace batchd::proto
