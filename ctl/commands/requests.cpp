#include "ctl/commands/requests.h"

#include "core/ids.h"
#include "ctl/answers/gemini.h"
#include "ctl/answers/objects.h"
#include "ctl/console/exit_code.h"
#include "proto/json/base64.h"
#include "proto/json/write.h"

namespace batchd::ctl {

std::variant<std::string, int> await_request(Session& session, const std::string& id, WaitLimit deadline) {
  if (!core::parse_id_text(id)) {
    session.console.talk("\"" + id + "\" isn't a request id");
    return kBadInput;
  }
  for (;;) {
    const auto poll = next_poll(deadline);
    auto answer = ask(session, {.method = "GET",
                                .target = "/v1/requests/" + id + "?wait=" + std::to_string(poll.count()),
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
  if (session.json) session.print_json(object);
  if (!is_finished(state)) {
    session.console.talk(id + " is " + state + "; its result comes with: batchctl wait " + id);
    return kTryLater;
  }
  if (const auto response = members->find("response"); response != members->end()) {
    if (!session.json) session.console.data(answer_text(response->second).value_or(response->second));
    return kDone;
  }
  if (const auto bytes = json::base64_decode(text_member(*members, "response_base64")); bytes && !bytes->empty()) {
    if (!session.json) session.console.data(*bytes);
    session.console.talk("the response of " + id + " is " + text_member(*members, "response_fault") +
                         "; its bytes are as they came");
    return kDone;
  }
  const auto error = members->find("error");
  session.console.talk(id + ' ' + state + (error == members->end() ? "" : ": " + error_words(error->second)));
  return kFailed;
}

int acknowledge(Session& session, const std::vector<std::string>& ids) {
  if (ids.empty()) return kDone;
  if (!session.console.keep()) {
    session.console.talk("standard output can't be written; nothing more is acknowledged");
    return kTryLater;
  }
  Call call{.method = "POST", .target = "/v1/results/ack"};
  json::Writer writer(call.body);
  writer.begin_object();
  writer.key("ids");
  writer.begin_array();
  for (const auto& id : ids) writer.string(id);
  writer.end_array();
  writer.end_object();
  const auto answer = ask(session, call);
  const auto* code = std::get_if<int>(&answer);
  return code != nullptr ? *code : kDone;
}

}  // namespace batchd::ctl
