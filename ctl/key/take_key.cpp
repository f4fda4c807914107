#include "ctl/key/take_key.h"

#include <unistd.h>

#include <thread>

#include "ctl/answers/document.h"
#include "ctl/system/run_program.h"

namespace batchd::ctl {
namespace {

constexpr Seconds kWaitMax{20};
constexpr std::chrono::milliseconds kPause{250};

const char* verb_of(const KeyFile& file) { return file.credential ? "restart" : "reload-or-restart"; }

AccountView look_at(Session& session, const std::string& name) {
  AccountView view{.reply = session.client.call({.method = "GET", .target = "/admin/status", .timeout = Seconds(5)})};
  const auto* answer = std::get_if<Answer>(&view.reply);
  view.answered = answer != nullptr && answer->status / 100 == 2;
  if (!view.answered) return view;
  const auto document = read_document(answer->body);
  if (const auto& accounts = member(document, "accounts"); accounts.IsArray())
    for (const auto& account : accounts.GetArray()) {
      if (text(member(account, "name")) != name) continue;
      view.known = true;
      view.healthy = member(account, "healthy").IsTrue();
      view.detail = text(member(account, "detail"));
      view.key = text(member(account, "key"));
    }
  return view;
}

// Whether time can change the answer: it comes up, reads its key, or tries its account again.
bool may_change(const AccountView& view) {
  if (const auto* answer = std::get_if<Answer>(&view.reply)) return answer->status / 100 == 2 || answer->status == 503;
  return std::get<Trouble>(view.reply).kind != Trouble::Kind::no_permission;
}

}  // namespace

bool credential_arrived() {
  const auto path = std::string("/run/credentials/") + kUnit + "/gemini_api_key";
  return ::access(path.c_str(), F_OK) == 0;
}

std::string take_command(const KeyFile& file) { return std::string("systemctl ") + verb_of(file) + ' ' + kUnit; }

AccountView watch_account(Session& session, const std::string& account, const std::string& key, bool wait) {
  const auto deadline = std::chrono::steady_clock::now() + kWaitMax;
  for (;;) {
    auto view = look_at(session, account);
    const bool done = view.healthy && view.key == key;
    if (!wait || done || !may_change(view) || std::chrono::steady_clock::now() > deadline) return view;
    std::this_thread::sleep_for(kPause);
  }
}

bool restart_service(Session& session, const KeyFile& file) {
  session.console.talk(file.credential
                           ? "restarting batchd, which reads its key at start; nothing queued or under way is lost"
                           : "batchd reads its key again");
  // A unit that has failed too often isn't started before that is forgotten. What comes of it is seen by the start.
  run_program({.name = "systemctl", .arguments = {"--no-ask-password", "reset-failed", kUnit}});
  const auto end = run_program({.name = "systemctl", .arguments = {"--no-ask-password", verb_of(file), kUnit}});
  if (end && end->code == 0) return true;
  if (end) session.console.talk(end->out + end->err);
  session.console.talk(take_command(file) + (end ? " failed" : " didn't end in time") +
                       "\nhint: systemctl status batchd; journalctl -u batchd");
  return false;
}

}  // namespace batchd::ctl
