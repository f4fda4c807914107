#include "ctl/key/setup.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "config/api_key.h"
#include "ctl/answers/accounts.h"
#include "ctl/console/exit_code.h"
#include "ctl/key/key_file.h"
#include "ctl/key/secret.h"
#include "ctl/system/run_program.h"
#include "ctl/system/service.h"
#include "proto/json/digest.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

constexpr Seconds kWaitMax{20};
constexpr std::chrono::milliseconds kPause{250};
const std::string kHandedOver = "/run/credentials/batchd.service/";

// All that is decided before anybody is asked for a key.
struct Plan {
  std::string config;  // the configuration file; empty: defaults
  std::string account;
  std::string file;          // where the key goes
  config::SharedKey shared;  // of the account's kind
  bool credential;           // systemd hands it over at a start; else the daemon reads it
  bool managed;              // systemd knows the service
};

// What has been achieved once the key is stored.
struct SetupReport {
  bool checked = false, restarted = false, ready = false;
  std::string detail = {};  // what batchd says of the account
};

int say(Session& session, int exit_code, const std::string& words) {
  session.console.talk(words);
  return exit_code;
}

Plan make_plan(const SetupOptions& options, const config::Environment& environment) {
  const auto path = config_path(environment);
  const int error = ::eaccess(path.c_str(), R_OK) == 0 ? 0 : errno;
  if (error == EACCES)
    throw CommandError{kNoPermission, path + " can't be read: run this as root: sudo batchctl setup " + options.kind};
  Plan plan{.config = error == ENOENT && path == config::kDefaultPath ? "" : path};
  const auto config = config::load(plan.config, environment, config::kAnyKind);
  const auto& accounts = config.accounts;
  plan.account = !options.account.empty() ? options.account
                 : accounts.size() == 1   ? accounts.begin()->first
                                          : config::kDefaultAccount;
  const auto chosen = accounts.find(plan.account);
  if (chosen == accounts.end())
    throw CommandError{options.account.empty() ? kUsage : kBadConfig,
                       "the configuration has no account " + plan.account + "; it has: " + account_names(config)};
  if (const auto& kind = chosen->second.kind; kind != options.kind)
    throw CommandError{kUsage, "account " + plan.account + " is of kind " + kind + ": batchctl setup " + kind};
  plan.shared = config::shared_key(options.kind);
  plan.file = find_key_file(chosen->second);
  plan.credential = plan.file == plan.shared.stored;
  plan.managed = service_state() != Service::none;
  if (const auto own = config::own_key_place(plan.account, kHandedOver, environment); plan.credential && !own.empty())
    throw CommandError{kBadConfig, "account " + plan.account + " has a key of its own in " + own +
                                       ", which comes before one in " + plan.file + "; nothing was changed"};
  // Nobody else than systemd hands a credential over: a key that is never used must not look like a success.
  if (plan.credential && !plan.managed && !options.no_restart)
    throw CommandError{kBadConfig, "systemd doesn't run batchd.service here, so nothing would hand " + plan.file +
                                       " to batchd:\nset api_key_file under [accounts." + plan.account + "] in " +
                                       path + " and run this again, or start batchd with $" + plan.shared.variable +
                                       "\n(--no-restart stores it nevertheless, for a later start by systemd)"};
  return plan;
}

void check(Console& console, const Plan& plan, std::string_view key) {
  std::error_code unknown;  // then it is looked for in $PATH
  const auto batchd = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path() / "batchd";
  std::vector<std::string> command{batchd, "--check-key", "--account", plan.account};
  if (!plan.config.empty()) command.insert(command.end(), {"--config", plan.config});
  const auto end = run_program(command, key);
  console.talk(end ? config::mask_key(end->said, key) : "batchd can't be run, or didn't end in time");
  if (end && end->code == kDone) return;
  if (end && (end->code == kNoPermission || end->code == kBadInput || end->code == kBadConfig))
    throw CommandError{end->code, "nothing was changed"};
  throw CommandError{kUnavailable,
                     "the key couldn't be checked, and nothing was changed; --no-check stores it unchecked"};
}

struct AccountView {
  Reply reply;
  bool answered = false;  // by 2xx
  AccountState account = {.detail = "it doesn't know that account; is it restarted?"};
};

// Waits for a daemon that comes up, and an account that takes the key and is well. One that isn't a service doesn't
// come up because we wait, but its account looks for a key while it has none that works.
AccountView watch_account(Session& session, const Plan& plan, const std::string& fingerprint) {
  const auto deadline = std::chrono::steady_clock::now() + kWaitMax;
  for (;;) {
    AccountView view{.reply = session.client.call({.method = "GET", .target = "/admin/status", .timeout = Seconds(5)})};
    const auto* answer = std::get_if<Answer>(&view.reply);
    view.answered = answer != nullptr && answer->status / 100 == 2;
    for (auto& account : accounts_of(view.answered ? answer->body : ""))
      if (account.name == plan.account) view.account = std::move(account);
    const auto& [name, healthy, used, detail] = view.account;
    const bool may_change = healthy ? plan.managed && used != fingerprint : plan.managed || view.answered;
    if (!may_change || std::chrono::steady_clock::now() > deadline) return view;
    std::this_thread::sleep_for(kPause);
  }
}

int restart_service(Session& session, const Plan& plan, const std::string& verb) {
  session.console.talk(plan.credential
                           ? "restarting batchd, which reads its key at start; nothing queued or under way is lost"
                           : "batchd reads its key again");
  // A unit that has failed too often isn't started before that is forgotten. What comes of it is seen by the start.
  run_program({"systemctl", "--no-ask-password", "reset-failed", kUnit});
  const auto end = run_program({"systemctl", "--no-ask-password", verb, kUnit});
  if (end && end->code == 0) return kDone;
  return say(session, kUnavailable,
             (end ? end->said : "") + "systemctl " + verb + ' ' + kUnit + (end ? " failed" : " didn't end in time") +
                 "\nhint: systemctl status batchd; journalctl -u batchd");
}

// The daemon takes the key that was stored, and its account is seen to be well. Returns the exit code.
int bring_to_daemon(Session& session, const SetupOptions& options, const Plan& plan, std::string_view key,
                    SetupReport& report) {
  const std::string verb = plan.credential ? "restart" : "reload-or-restart";
  if (!plan.managed && !plan.credential)
    session.console.talk(
        "systemd doesn't run batchd.service here. A batchd that runs reads the key again on SIGHUP\n"
        "(kill -HUP PID; in a container docker kill --signal HUP NAME), or when it is restarted");
  else if (options.no_restart)
    session.console.talk("batchd takes the key with: systemctl " + verb + ' ' + kUnit);
  if (options.no_restart) return kDone;
  if (const int code = plan.managed ? restart_service(session, plan, verb) : kDone; code != kDone) return code;
  report.restarted = plan.managed;
  if (plan.credential && ::access((kHandedOver + plan.shared.credential).c_str(), F_OK) != 0)
    return say(session, kTryLater,
               "systemd handed no credential to batchd, as it happens in containers\nset api_key_file = \"" +
                   plan.shared.file + "\" under [accounts." + plan.account + "], and run this again");
  const auto fingerprint = json::fingerprint(key);
  const auto view = watch_account(session, plan, fingerprint);
  if (!view.answered) return ctl::report(session, view.reply);
  const auto account = "account " + plan.account;
  const auto& [name, healthy, used, detail] = view.account;
  const bool taken = used == fingerprint;
  report.detail = detail;
  report.ready = taken && healthy;
  if (!taken && healthy && !plan.managed)
    return say(session, kDone,
               "batchd runs, and " + account + " works, with another key; the new one counts from then on");
  if (!taken)
    return say(session, kTryLater,
               "batchd still uses " + std::string(used.empty() ? "no" : "another") + " key for " + account +
                   (detail.empty() ? "" : ": " + detail) + "\nhint: journalctl -u batchd says why");
  if (!healthy)
    return say(session, kTryLater,
               "batchd runs, but " + account + " isn't ready: " + detail + "\nhint: batchctl doctor");
  if (options.no_check) return say(session, kDone, "batchd runs; " + account + " has the key; it hasn't been checked");
  const std::string named = plan.account == config::kDefaultAccount ? "" : "--account " + plan.account + ' ';
  return say(session, kDone,
             "batchd runs; " + account + " is ready. Try: batchctl submit " + named +
                 "--model gemini-2.5-flash --wait \"Name three rivers.\"");
}

std::string to_json(const Plan& plan, const SetupReport& report) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const auto& [key, words] :
       {std::pair("account", plan.account), {"stored", plan.file}, {"detail", report.detail}})
    writer.key(key), writer.string(words);
  for (const auto& [key, is] :
       {std::pair("checked", report.checked), {"restarted", report.restarted}, {"ready", report.ready}})
    writer.key(key), writer.boolean(is);
  writer.end_object();
  return text;
}

}  // namespace

int setup_key(Session& session, const SetupOptions& options, const config::Environment& environment) try {
#ifndef BATCHD_WITH_ASAN        // whose leak checker traces the process
  ::prctl(PR_SET_DUMPABLE, 0);  // the key must not end in a core dump
#endif
  auto& console = session.console;
  const auto plan = make_plan(options, environment);
  console.talk("the key of account " + plan.account + " goes to " + plan.file +
               (plan.credential ? ", for all accounts of kind " + options.kind + " without a key of their own" : ""));
  const auto api =
      options.kind == "gemini" ? "Gemini API (get one at https://aistudio.google.com/apikey)" : options.kind + " API";
  const auto given = read_secret(options.key_file.empty() ? "-" : options.key_file, "Key of the " + api + ": ");
  const auto key = config::api_key_in(given, "what was given");
  if (!key) throw CommandError{kBadInput, key.error().detail + "; nothing was changed"};
  if (!options.no_check) check(console, plan, *key);
  write_key_file(plan.file, *key, plan.shared);
  console.talk(std::string(options.no_check ? "stored, unchecked" : "stored") + " in " + plan.file);
  SetupReport report{.checked = !options.no_check};
  const int code = bring_to_daemon(session, options, plan, *key, report);
  if (session.json) console.data(to_json(plan, report));
  return code;
} catch (const CommandError& refusal) {
  return say(session, refusal.exit_code, refusal.what);
} catch (const config::ConfigError& faults) {
  return say(session, kBadConfig, faults.what());
}

}  // namespace batchd::ctl
