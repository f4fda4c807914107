#include "ctl/commands/fetch.h"

#include "ctl/console/exit_code.h"

namespace batchd::ctl {

std::variant<rapidjson::Document, int> fetch(Session& session, const Call& call) {
  auto answer = ask(session, call);
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  return document_of(session, std::get<Answer>(answer));
}

std::variant<rapidjson::Document, int> document_of(Session& session, const Answer& answer) {
  auto document = read_document(answer.body);
  if (session.json) {
    session.print_json(answer.body);
    return kDone;
  }
  if (!document) {
    session.console.talk("the daemon's answer isn't JSON");
    return kUnavailable;
  }
  return std::move(*document);
}

std::variant<rapidjson::Document, int> fetch(Session& session, const std::string& target) {
  return fetch(session, Call{.method = "GET", .target = target});
}

}  // namespace batchd::ctl
