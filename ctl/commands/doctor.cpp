#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "ctl/answers/accounts.h"
#include "ctl/answers/document.h"
#include "ctl/answers/objects.h"
#include "ctl/commands/commands.h"
#include "ctl/console/exit_code.h"
#include "ctl/system/service.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

enum class Finding { fine, note, wrong };

// Prints findings as they come; the exit code is that of the first wrong one.
class Examination {
 public:
  explicit Examination(Session& session) : session_(session) {}

  void say(const char* check, Finding finding, const std::string& detail, int code = kDone) {
    const char* word = finding == Finding::fine ? "ok" : finding == Finding::note ? "note" : "WRONG";
    if (finding == Finding::wrong && code_ == kDone) code_ = code;
    std::string line;
    if (session_.json) {
      json::Writer writer(line);
      writer.begin_object();
      for (const auto& [name, value] :
           {std::pair{"check", std::string(check)}, {"finding", word}, {"detail", detail}}) {
        writer.key(name);
        writer.string(value);
      }
      writer.end_object();
    } else {
      line = std::string(word) + std::string(7 - std::strlen(word), ' ') + check + ": " + detail;
    }
    session_.console.data(line);
  }
  int code() const { return code_; }

 private:
  Session& session_;
  int code_ = kDone;
};

// Returns the configuration as far as it can be known: the defaults if it can't be read.
config::Config examine_config(Examination& examination, const std::string& path,
                              const config::Environment& environment) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    examination.say("configuration", Finding::note, path + " isn't there or can't be seen: defaults apply");
  } else if (::access(path.c_str(), R_OK) != 0) {
    examination.say("configuration", Finding::note, path + " can't be read by this user");
  } else {
    try {
      auto config = config::load(path, environment, config::kAnyKind);
      examination.say("configuration", Finding::fine, path);
      return config;
    } catch (const config::ConfigError& faults) {
      examination.say("configuration", Finding::wrong, faults.what(), kBadConfig);
    }
  }
  return {};
}

std::string and_group(const std::string& path) {
  const auto hint = group_hint(path);
  return hint.empty() ? "" : "; " + hint;
}

void examine_socket(Examination& examination, const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    if (errno == EACCES)
      return examination.say("socket", Finding::wrong, path + ": its folder is closed to this user" + and_group(path),
                             kNoPermission);
    return examination.say("socket", Finding::wrong, path + " isn't there", kUnavailable);
  }
  if (!S_ISSOCK(facts.st_mode))
    return examination.say("socket", Finding::wrong, path + " isn't a socket", kUnavailable);
  if (::access(path.c_str(), R_OK | W_OK) != 0)
    return examination.say("socket", Finding::wrong, path + " is closed to this user" + and_group(path), kNoPermission);
  examination.say("socket", Finding::fine, path);
}

void examine_address(Examination& examination, const Address& address) {
  if (!address.socket.empty()) return examine_socket(examination, address.socket);
  examination.say("address", Finding::fine, address.shown());
  if (address.token.empty())
    examination.say("token", Finding::note, "no token: use --token-file FILE or $BATCHD_TOKEN");
}

// Says what systemd knows of a batchd that doesn't answer.
void examine_service(Examination& examination) {
  const auto state = service_state();
  const auto hint = start_hint(state);
  if (state == Service::stopped) examination.say("service", Finding::wrong, "it isn't started; " + hint, kUnavailable);
  if (state == Service::troubled)
    examination.say("service", Finding::wrong, "it has failed or is starting; " + hint, kUnavailable);
  if (state == Service::running) examination.say("service", Finding::note, "systemd says that it runs; " + hint);
}

// Returns what to do about an account in trouble if its key is the reason.
std::string key_hint(const config::Config& config, const std::string& account, std::string_view detail) {
  const auto says = [&](std::string_view words) { return detail.find(words) != std::string_view::npos; };
  if (!says("API key") && !says("API_KEY") && !says("the key in") && !says("batchctl setup")) return {};
  const auto configured = config.accounts.find(account);
  const auto kind = configured == config.accounts.end() ? config::Account().kind : configured->second.kind;
  const bool named = account != config::kDefaultAccount;
  return "\n  do: sudo batchctl setup " + kind + (named ? " --account " + account : std::string());
}

// Returns null if there was no answer; the finding was printed.
std::optional<Answer> examine_call(Examination& examination, Session& session, const char* target) {
  auto reply = session.client.call({.method = "GET", .target = target, .timeout = std::chrono::seconds(10)});
  if (const auto* trouble = std::get_if<Trouble>(&reply)) {
    examination.say(target, Finding::wrong, explain(*trouble, session.client.address()), exit_code_of(*trouble));
    return std::nullopt;
  }
  auto& answer = std::get<Answer>(reply);
  const bool good = answer.status / 100 == 2;
  if (answer.status == 401)
    examination.say(target, Finding::wrong, "the token is missing or unknown (401)", kNoPermission);
  else if (!good && answer.status / 100 == 4)
    examination.say(target, Finding::note, "only for administrators (" + std::to_string(answer.status) + ')');
  else
    examination.say(target, good ? Finding::fine : Finding::wrong,
                    "HTTP " + std::to_string(answer.status) + (good ? "" : ' ' + error_words(answer.body)),
                    good ? kDone : kTryLater);
  return std::move(answer);
}

void examine_attention(Examination& examination, const Answer& answer) {
  const auto document = answer.status / 100 == 2 ? read_document(answer.body) : std::nullopt;
  const auto& items = member(document, "items");
  if (items.IsArray() && !items.Empty())
    examination.say("attention", Finding::wrong, std::to_string(items.Size()) + " wait for you: batchctl attention",
                    kTryLater);
}

void examine_admin(Examination& examination, const config::Config& config, const Answer& answer) {
  const auto document = answer.status / 100 == 2 ? read_document(answer.body) : std::nullopt;
  if (!document) return;
  for (const auto& [name, healthy, key, detail] : accounts_of(answer.body))
    examination.say("account", healthy ? Finding::fine : Finding::wrong,
                    name + (detail.empty() ? "" : ": " + detail) + (healthy ? "" : key_hint(config, name, detail)),
                    kUnavailable);
  if (member(*document, "balanced").IsFalse())
    examination.say("balance", Finding::wrong, "accepted isn't the sum of the states: please report this",
                    kUnavailable);
}

}  // namespace

int health(Session& session) {
  auto reply = session.client.call({.method = "GET", .target = "/healthz", .timeout = std::chrono::seconds(5)});
  if (const auto* trouble = std::get_if<Trouble>(&reply)) return report(session, *trouble);
  const auto& answer = std::get<Answer>(reply);
  return answer.status / 100 == 2 ? kDone : report(session, answer);
}

int doctor(Session& session, const std::string& path, const config::Environment& environment) {
  Examination examination(session);
  const auto config = examine_config(examination, path, environment);
  examine_address(examination, session.client.address());
  if (!examine_call(examination, session, "/healthz")) {
    if (session.client.address().may_be_service) examine_service(examination);
  } else {
    examine_call(examination, session, "/readyz");
    const auto admin = examine_call(examination, session, "/admin/status");
    if (admin) examine_admin(examination, config, *admin);
    if (admin && admin->status / 100 == 2)
      if (const auto items = examine_call(examination, session, "/admin/attention"))
        examine_attention(examination, *items);
  }
  return examination.code();
}

}  // namespace batchd::ctl
