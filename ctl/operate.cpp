#include "core/ids.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

// An operator's word to one batch. Never sent twice: the first may have been heard.
int order(Session& session, const std::string& batch, const char* verb, std::string body) {
  if (!core::parse_id_text(batch)) {
    session.console.talk("\"" + batch + "\" isn't a batch id");
    return kBadInput;
  }
  auto answer = ask(session, {.method = "POST",
                              .target = "/admin/batches/" + batch + '/' + verb,
                              .headers = {},
                              .body = std::move(body),
                              .repeatable = false});
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  if (session.json) session.console.data(std::get<Answer>(answer).body);
  session.console.talk(batch + ": " + verb + " done");
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

}  // namespace batchd::ctl
