#include "proto/api.h"

#include "proto/json/write.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

// "queue_full" -> "Queue full"
std::string title_of(const std::string& code) {
  std::string title = code;
  for (char& c : title)
    if (c == '_') c = ' ';
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

std::string_view source_text(core::ErrorSource source) {
  switch (source) {
    case core::ErrorSource::provider:
      return "provider";
    case core::ErrorSource::batchd:
      return "batchd";
  }
  return "batchd";
}

void append_error(json::Writer& w, const core::RequestError& error) {
  w.key("error");
  w.begin_object();
  w.key("code");
  w.number(error.code);
  w.key("status");
  w.string(error.status);
  w.key("message");
  w.string(error.message);
  w.key("source");
  w.string(source_text(error.source));
  w.end_object();
}

}  // namespace

std::string problem(const Problem& problem) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("type");
  w.string("urn:batchd:problem:" + problem.code);
  w.key("title");
  w.string(title_of(problem.code));
  w.key("status");
  w.number(problem.status);
  w.key("detail");
  w.string(problem.detail);
  w.key("code");
  w.string(problem.code);
  w.key("retryable");
  w.boolean(problem.retryable);
  if (!problem.hint.empty()) {
    w.key("hint");
    w.string(problem.hint);
  }
  w.end_object();
  return body + '\n';
}

RequestJson request_json(const core::RequestView& request) {
  RequestJson json;
  json::Writer w(json.head);
  const auto text = [&w](std::string_view name, std::string_view value) {
    w.key(name);
    w.string(value);
  };
  w.begin_object();
  text("id", core::to_text(request.id));
  if (!request.key.empty()) text("key", request.key);
  text("model", request.lane.model);
  text("state", core::to_text(request.state));
  text("account", request.lane.account);
  text("endpoint", request.lane.endpoint);
  text("created_at", rfc3339(request.created_at));
  if (request.finished_at) text("finished_at", rfc3339(*request.finished_at));
  w.key("attempts");
  w.number(request.attempts);
  if (request.batch) text("batch", core::to_text(request.batch));
  if (request.state == core::RequestState::succeeded) {
    w.key("response");
    json.tail = "}\n";
    return json;
  }
  if (request.error) append_error(w, *request.error);
  w.end_object();
  json.head += '\n';
  return json;
}

}  // namespace batchd::proto
