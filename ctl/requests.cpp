#include "ctl/requests.h"

#include "core/ids.h"
#include "ctl/exit_code.h"
#include "ctl/objects.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

constexpr Seconds kLongPoll{25};    // one GET; renewed until the end
constexpr Seconds kAnswerTime{30};  // beyond it

}  // namespace

WaitDeadline deadline_of(const Wait& wait) {
  if (!wait.limit) return std::nullopt;
  return std::chrono::steady_clock::now() + *wait.limit;
}

Call post_call(std::string_view model, std::string_view request, std::string_view key,
               const std::string& idempotency_key) {
  Call call{.method = "POST", .target = "/v1/requests", .headers = {{"Idempotency-Key", idempotency_key}}, .body = {}};
  call.body.reserve(request.size() + model.size() + key.size() + 64);
  json::Writer writer(call.body);
  writer.begin_object();
  writer.key("model");
  writer.string(model);
  if (!key.empty()) {
    writer.key("key");
    writer.raw(key);
  }
  writer.key("request");
  writer.raw(request);
  writer.end_object();
  return call;
}

std::variant<std::string, int> await_request(Session& session, const std::string& id, WaitDeadline deadline) {
  if (!core::parse_id_text(id)) {
    session.console.talk("\"" + id + "\" isn't a request id");
    return kBadInput;
  }
  for (;;) {
    Seconds poll = kLongPoll;
    if (deadline) {
      const auto left = std::chrono::ceil<Seconds>(*deadline - std::chrono::steady_clock::now());
      poll = std::clamp(left, Seconds(0), kLongPoll);
    }
    auto answer = ask(session, {.method = "GET",
                                .target = "/v1/requests/" + id + "?wait=" + std::to_string(poll.count()),
                                .headers = {},
                                .body = {},
                                .timeout = poll + kAnswerTime});
    if (const auto* code = std::get_if<int>(&answer)) return *code;
    auto& object = std::get<Answer>(answer).body;
    const auto members = scan_members(object);
    if (!members) {
      session.console.talk("the daemon's answer isn't a request object");
      return kUnavailable;
    }
    const bool over = deadline && std::chrono::steady_clock::now() >= *deadline;
    if (over || is_finished(text_member(*members, "state"))) return std::move(object);
  }
}

int show_request(Session& session, std::string_view object) {
  const auto members = scan_members(object);
  if (!members) {
    session.console.talk("the daemon's answer isn't a request object");
    return kUnavailable;
  }
  const auto state = text_member(*members, "state");
  const auto id = text_member(*members, "id");
  if (session.json) session.console.data(object);
  if (!is_finished(state)) {
    session.console.talk(id + " is " + state + "; its result comes with: batchctl wait " + id);
    return kTryLater;
  }
  if (const auto response = members->find("response"); response != members->end()) {
    if (!session.json) session.console.data(answer_text(response->second).value_or(response->second));
    return kDone;
  }
  const auto error = members->find("error");
  session.console.talk(id + ' ' + state + (error == members->end() ? "" : ": " + error_words(error->second)));
  return kFailed;
}

}  // namespace batchd::ctl
