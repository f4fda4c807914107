#include "tests/fictitious/fake_provider.h"

#include <algorithm>

#include "core/check.h"

namespace batchd::fictitious {

using core::HttpEvent;
using Properly = std::function<HttpEvent()>;

void FakeProvider::end_all(const Ending& ending) {
  for (const auto& job : open_jobs()) end(job, ending);
}

void FakeProvider::pay(const std::string& key) {
  const auto parsed = core::parse_wire_key(key);
  CHECK(parsed.has_value());
  ++paid[parsed->request];
}

HttpEvent reply(int status, std::string body, std::vector<core::HttpHeader> headers) {
  HttpEvent event;
  event.kind = HttpEvent::Kind::answer;
  event.status = status;
  event.headers = std::move(headers);
  event.body = std::move(body);
  return event;
}

HttpEvent unanswered(HttpEvent::Kind kind) {
  HttpEvent event;
  event.kind = kind;
  event.detail = "connection reset";
  return event;
}

std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const auto from = text.find(before);
  if (from == std::string_view::npos) return "";
  const auto begin = from + before.size();
  const auto end = text.find(after, begin);
  return std::string(text.substr(begin, end == std::string_view::npos ? end : end - begin));
}

Reaction says(int status, std::string body) {
  return [=](const Properly&) { return reply(status, body); };
}
Reaction not_sent() {
  return [](const Properly&) { return unanswered(HttpEvent::Kind::not_sent); };
}
Reaction not_whole() {
  return [](const Properly&) { return unanswered(HttpEvent::Kind::not_whole); };
}
Reaction early(int status) {
  return [=](const Properly&) {
    auto event = reply(status, "<html></html>");
    event.early = true;
    return event;
  };
}
Reaction no_answer() {
  return [](const Properly&) { return unanswered(HttpEvent::Kind::no_answer); };
}
Reaction done_but_unanswered() {
  return [](const Properly& properly) {
    properly();
    return unanswered(HttpEvent::Kind::no_answer);
  };
}
Reaction done_twice_but_unanswered() {
  return [](const Properly& properly) {
    properly();
    properly();
    return unanswered(HttpEvent::Kind::no_answer);
  };
}
Reaction cut_after(std::size_t bytes) {
  return [=](const Properly& properly) {
    auto event = properly();
    event.kind = HttpEvent::Kind::no_answer;
    event.body.resize(std::min(bytes, event.body.size()));
    event.detail = "cut";
    return event;
  };
}

}  // namespace batchd::fictitious
