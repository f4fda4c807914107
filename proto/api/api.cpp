#include "proto/api/api.h"

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

void append_error(json::Writer& w, const core::RequestError& error, bool with_body) {
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
  w.key("class");
  w.string(core::to_text(error.kind));
  if (error.http_status != 0) {
    w.key("http_status");
    w.number(error.http_status);
  }
  if (with_body && !error.body.empty()) {
    w.key("provider_error");
    w.string(error.body);
  }
  w.end_object();
}

void append_text(json::Writer& w, std::string_view name, std::string_view value) {
  w.key(name);
  w.string(value);
}

// Appends everything that stands between the id and the result.
void append_facts(json::Writer& w, const core::RequestView& request) {
  const auto text_if_any = [&w](std::string_view name, std::string_view value) {
    if (!value.empty()) append_text(w, name, value);
  };
  const auto time_if_any = [&w](std::string_view name, const std::optional<core::WallTime>& value) {
    if (value) append_text(w, name, rfc3339(*value));
  };
  text_if_any("key", request.key);
  append_text(w, "model", request.lane.model);
  append_text(w, "state", core::to_text(request.state));
  append_text(w, "account", request.lane.account);
  append_text(w, "endpoint", request.lane.endpoint);
  text_if_any("channel", request.channel);
  text_if_any("group", request.group);
  if (!request.labels.empty()) {
    w.key("labels");
    w.raw(request.labels);
  }
  time_if_any("deadline", request.deadline);
  if (request.fail_at_deadline) append_text(w, "on_deadline", "fail");
  append_text(w, "created_at", rfc3339(request.created_at));
  time_if_any("finished_at", request.finished_at);
  time_if_any("acknowledged_at", request.acknowledged_at);
  w.key("attempts");
  w.number(request.attempts);
  if (request.batch) append_text(w, "batch", core::to_text(request.batch));
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
  if (!problem.members.empty()) body.append(",").append(problem.members);
  w.end_object();
  return body + '\n';
}

RequestJson request_json(const core::RequestView& request) {
  const RequestForm usual;
  return request_json(request, usual);
}

RequestJson request_json(const core::RequestView& request, const RequestForm& form) {
  RequestJson json;
  json.head.reserve(512 + request.labels.size());  // avoids growing it member by member
  json::Writer w(json.head);
  w.begin_object();
  append_text(w, "id", core::to_text(request.id));
  if (!form.cursor.empty()) append_text(w, "cursor", form.cursor);
  append_facts(w, request);
  if (request.state == core::RequestState::succeeded && form.response) {
    if (form.response_fault.empty()) {
      w.key("response");
      json.tail = "}\n";
    } else {
      append_text(w, "response_fault", form.response_fault);
      w.key("response_base64");
      json.head += '"';
      json.tail = "\"}\n";
    }
    return json;
  }
  if (request.error) append_error(w, *request.error, form.response);
  w.end_object();
  json.head += '\n';
  return json;
}

std::string listing_json(const core::RequestPage& page) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("requests");
  w.begin_array();
  for (const auto& request : page.requests) {
    auto json = request_json(request, {.response = false});
    json.head.pop_back();
    w.raw(json.head);
  }
  w.end_array();
  if (page.next) append_text(w, "next", core::to_text(*page.next));
  w.end_object();
  return body + '\n';
}

std::string acknowledged_json(std::int64_t requests, const std::vector<core::RequestId>* unknown) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("acknowledged");
  w.number(requests);
  if (unknown != nullptr) {
    w.key("unknown");
    w.begin_array();
    for (const auto id : *unknown) w.string(core::to_text(id));
    w.end_array();
  }
  w.end_object();
  return body + '\n';
}

std::string cancelled_json(core::RequestId request, core::RequestState was) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  append_text(w, "id", core::to_text(request));
  append_text(w, "state", core::to_text(core::RequestState::cancelled));
  append_text(w, "was", core::to_text(was));
  append_text(w, "detail",
              was == core::RequestState::queued
                  ? "it was not sent to the provider"
                  : "it is in a batch that goes on: its result is dropped when it comes, and may be charged");
  w.end_object();
  return body + '\n';
}

std::string group_cancelled_json(std::string_view group, std::int64_t cancelled, std::int64_t finished) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  append_text(w, "group", group);
  w.key("cancelled");
  w.number(cancelled);
  w.key("finished");
  w.number(finished);
  w.end_object();
  return body + '\n';
}

}  // namespace batchd::proto
