#include "core/ids.h"
#include "ctl/commands/commands.h"
#include "ctl/commands/fetch.h"
#include "ctl/console/exit_code.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

// Sends an operator's decision on one batch. It is never sent twice, since the first call may have had its effect.
int order(Session& session, const std::string& batch, const char* verb, std::string body) {
  if (!core::parse_id_text(batch)) {
    session.console.talk("\"" + batch + "\" isn't a batch id; batchctl attention lists those that wait");
    return kBadInput;
  }
  auto answer = ask(session, {.method = "POST",
                              .target = "/admin/batches/" + batch + '/' + verb,
                              .body = std::move(body),
                              .repeatable = false});
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  if (session.json) session.print_json(std::get<Answer>(answer).body);
  session.console.talk(batch + ": " + verb + " accepted; follow it with: batchctl batch " + batch);
  return kDone;
}

// Sends an operator's decision to the lanes that match. Repeating these calls does no harm.
std::variant<rapidjson::Document, int> tell_lanes(Session& session, const char* verb, const LaneOptions& lanes) {
  Call call{.method = "POST", .target = std::string("/admin/lanes/") + verb};
  json::Writer writer(call.body);
  writer.begin_object();
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>("account", lanes.account),
                                    {"endpoint", lanes.endpoint},
                                    {"model", lanes.model}}) {
    if (value.empty()) continue;
    writer.key(name);
    writer.string(value);
  }
  writer.end_object();
  return fetch(session, call);
}

// Prints the pauses in force: account, endpoint, model, with "any" where a pause names none.
int show_paused(Session& session, const std::variant<rapidjson::Document, int>& fetched) {
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const auto& paused = member(std::get<rapidjson::Document>(fetched), "paused");
  std::vector<std::vector<std::string>> rows;
  if (paused.IsArray())
    for (const auto& lane : paused.GetArray()) {
      auto& row = rows.emplace_back();
      for (const char* name : {"account", "endpoint", "model"}) {
        const auto value = text(member(lane, name));
        row.emplace_back(value.empty() ? "any" : value);
      }
    }
  if (rows.empty())
    session.console.talk("nothing is paused");
  else
    session.console.talk("paused; requests are accepted and wait until: batchctl resume");
  session.console.table({"ACCOUNT", "ENDPOINT", "MODEL"}, std::move(rows));
  if (const auto suspicious = number(member(std::get<rapidjson::Document>(fetched), "suspicious")); suspicious > 0)
    session.console.talk(std::to_string(suspicious) +
                         (suspicious == 1 ? " suspicious request is" : " suspicious requests are") +
                         " sent for three more days, apart from all others");
  return kDone;
}

}  // namespace

int adopt(Session& session, const std::string& batch, const std::string& job) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  writer.key("job");
  writer.string(job);
  writer.end_object();
  return order(session, batch, "adopt", std::move(body));
}

int requeue(Session& session, const std::string& batch) { return order(session, batch, "requeue", {}); }

int flush(Session& session, const LaneOptions& lanes) {
  const auto fetched = tell_lanes(session, "flush", lanes);
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const auto count = number(member(std::get<rapidjson::Document>(fetched), "lanes"));
  session.console.data(std::to_string(count));
  session.console.talk(std::to_string(count) + (count == 1 ? " lane sends" : " lanes send") +
                       " without waiting; see: batchctl batches");
  return kDone;
}

int pause(Session& session, const LaneOptions& lanes) {
  return show_paused(session, tell_lanes(session, "pause", lanes));
}

int resume(Session& session, const LaneOptions& lanes) {
  return show_paused(session, tell_lanes(session, "resume", lanes));
}

int resume_account(Session& session, const std::string& account) {
  const auto fetched =
      fetch(session, Call{.method = "POST", .target = "/admin/accounts/" + percent_encoded(account) + "/resume"});
  if (const auto* code = std::get_if<int>(&fetched)) return *code;
  const bool healthy = member(std::get<rapidjson::Document>(fetched), "healthy").IsTrue();
  session.console.talk(account + (healthy ? " works again" : " is being tried again; check with: batchctl attention"));
  return kDone;
}

}  // namespace batchd::ctl
