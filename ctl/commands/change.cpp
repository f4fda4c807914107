#include "core/ids.h"
#include "ctl/answers/objects.h"
#include "ctl/commands/commands.h"
#include "ctl/commands/fetch.h"
#include "ctl/console/exit_code.h"

namespace batchd::ctl {
namespace {

// Makes the call for each id, even if earlier ones failed, and returns the worst exit code. Stops if the daemon is
// gone.
template <class Step>
int for_each_id(Session& session, const std::vector<std::string>& ids, Step step) {
  int worst = kDone;
  for (const auto& id : ids) {
    int code = kBadInput;
    if (core::parse_id_text(id))
      code = step(id);
    else
      session.console.talk("\"" + id + "\" isn't a request id");
    worst = std::max(worst, code);
    if (code == kUnavailable || code == kNoPermission) break;
  }
  return worst;
}

// The call was sent twice, and the second answer says that the request had ended: true if the first call cancelled it.
bool was_cancelled(const Reply& reply) {
  const auto* answer = std::get_if<Answer>(&reply);
  if (answer == nullptr || answer->status / 100 != 2) return false;
  const auto request = read_document(answer->body);
  return text(member(request, "state")) == "cancelled";
}

int cancel_one(Session& session, const std::string& id) {
  const auto target = "/v1/requests/" + id;
  auto reply = call_patiently(session, Call{.method = "DELETE", .target = target});
  const auto* answer = std::get_if<Answer>(&reply);
  if (answer != nullptr && answer->status == 409 && answer->repeated)
    if (auto now = call_patiently(session, Call{.method = "GET", .target = target}); was_cancelled(now))
      reply = std::move(now);
  answer = std::get_if<Answer>(&reply);
  if (answer == nullptr || answer->status / 100 != 2) return report(session, reply);
  const auto fetched = document_of(session, *answer);
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const auto& document = std::get<rapidjson::Document>(fetched);
  const std::string detail(text(member(document, "detail")));
  session.console.data(id);
  session.console.talk(id + " is cancelled" + (detail.empty() ? "" : ": " + detail));
  return kDone;
}

int retry_one(Session& session, const std::string& id) {
  const auto fetched = fetch(session, Call{.method = "POST",
                                           .target = "/v1/requests/" + id + "/retry",
                                           .headers = {{"Idempotency-Key", random_key()}}});
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const std::string fresh(text(member(std::get<rapidjson::Document>(fetched), "id")));
  if (fresh.empty()) {
    session.console.talk("the daemon's answer isn't a request object");
    return kUnavailable;
  }
  session.console.data(fresh);
  session.console.talk(id + " goes again; its result comes with: batchctl wait " + fresh);
  return kDone;
}

}  // namespace

int cancel(Session& session, const std::vector<std::string>& ids) {
  return for_each_id(session, ids, [&](const std::string& id) { return cancel_one(session, id); });
}

int cancel_group(Session& session, const std::string& group) {
  const auto fetched = fetch(session, Call{.method = "DELETE", .target = "/v1/groups/" + percent_encoded(group)});
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const auto& document = std::get<rapidjson::Document>(fetched);
  session.console.data(group);
  session.console.talk(std::to_string(number(member(document, "cancelled"))) + " cancelled, " +
                       std::to_string(number(member(document, "finished"))) + " had finished before");
  return kDone;
}

int retry(Session& session, const std::vector<std::string>& ids) {
  return for_each_id(session, ids, [&](const std::string& id) { return retry_one(session, id); });
}

}  // namespace batchd::ctl
