#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "config/api_key.h"
#include "ctl/console/exit_code.h"
#include "ctl/key/secret.h"
#include "ctl/key/setup.h"
#include "ctl/key/take_key.h"
#include "ctl/system/run_program.h"
#include "proto/json/digest.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

constexpr std::string_view kQuestion = "Key of the Gemini API (get one at https://aistudio.google.com/apikey): ";

// All that is decided before anybody is asked for a key.
struct Plan {
  std::string config;  // the configuration file; empty: defaults
  std::string account;
  KeyFile file;
  std::string sharers;             // other accounts that use the same key
  bool own_file_is_named = false;  // config::kKeyFile is the api_key_file of some account
  Service service = Service::none;
};

std::variant<std::string, CommandError> find_config(const config::Environment& environment) {
  const auto path = config_path(environment);
  std::error_code error;
  const bool is_there = std::filesystem::exists(path, error);
  if (error == std::errc::permission_denied || (is_there && ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0))
    return CommandError{kNoPermission,
                        path + " can't be read by this user: run it as root: sudo batchctl setup gemini"};
  return is_there || path != config::kDefaultPath ? path : std::string();
}

std::variant<std::string, CommandError> choose_account(const config::Config& config, const std::string& wanted) {
  std::string names;
  for (const auto& [name, account] : config.accounts) names += (names.empty() ? "" : ", ") + name;
  if (!wanted.empty()) {
    if (config.accounts.contains(wanted)) return wanted;
    return CommandError{kBadConfig, "the configuration has no account " + wanted + "; it has: " + names};
  }
  if (config.accounts.size() == 1) return config.accounts.begin()->first;
  if (config.accounts.contains(config::kDefaultAccount)) return std::string(config::kDefaultAccount);
  return CommandError{kUsage, "which account? --account NAME; there is: " + names};
}

std::variant<Plan, CommandError> make_plan(const SetupOptions& options, const config::Environment& environment) {
  auto path = find_config(environment);
  if (auto* refusal = std::get_if<CommandError>(&path)) return std::move(*refusal);
  Plan plan{.config = std::move(std::get<std::string>(path))};
  config::Config config;
  try {
    config = config::load(plan.config, environment);
  } catch (const config::ConfigError& faults) {
    return CommandError{kBadConfig, faults.what()};
  }
  auto account = choose_account(config, options.account);
  if (auto* refusal = std::get_if<CommandError>(&account)) return std::move(*refusal);
  plan.account = std::move(std::get<std::string>(account));
  const auto& settings = config.accounts.find(plan.account)->second;
  auto file = find_key_file(settings);
  if (auto* refusal = std::get_if<CommandError>(&file)) return std::move(*refusal);
  plan.file = std::move(std::get<KeyFile>(file));
  for (const auto& [name, other] : config.accounts)
    if (name != plan.account && other.api_key_file == settings.api_key_file)
      plan.sharers += (plan.sharers.empty() ? "" : ", ") + name;
  plan.own_file_is_named = std::ranges::any_of(
      config.accounts, [](const auto& each) { return each.second.api_key_file == config::kKeyFile; });
  plan.service = service_state();
  // Nobody else than systemd hands a credential over: a key that is never used must not look like a success.
  if (plan.file.credential && plan.service == Service::none && options.restart)
    return CommandError{kBadConfig, "systemd doesn't run batchd.service here, so nothing would hand " + plan.file.path +
                                        " to batchd:\nset api_key_file under [accounts." + plan.account + "] in " +
                                        config_path(environment) +
                                        " and run this again, or start batchd with $BATCHD_GEMINI_API_KEY\n"
                                        "(--no-restart stores it nevertheless, for a later start by systemd)"};
  return plan;
}

core::Result<void> read_from(int fd, Secret& secret) {
  return ::isatty(fd) == 1 ? secret.ask(fd, kQuestion) : secret.read_all(fd);
}

core::Result<void> obtain(Secret& secret, const std::string& key_file) {
  if (key_file.empty() || key_file == "-") return read_from(STDIN_FILENO, secret);
  const int fd = ::open(key_file.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return core::Error{core::Errc::invalid, "can't read " + key_file + ": " + std::strerror(errno)};
  auto read = read_from(fd, secret);
  ::close(fd);
  return read;
}

// What other programs say goes to the terminal and to logs: never with the key in it. What is shorter than any key is
// no secret, but may be a part of every word.
std::string without(std::string text, std::string_view key) {
  constexpr std::size_t kShortest = 8;
  constexpr std::string_view kShown = "(key)";
  if (key.size() < kShortest) return text;
  for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + kShown.size()))
    text.replace(at, key.size(), kShown);
  return text;
}

int check(Session& session, const Plan& plan, std::string_view key) {
  Program batchd{.name = beside_us("batchd"), .arguments = {"--check-key", "--account", plan.account}, .input = key};
  if (!plan.config.empty()) batchd.arguments.insert(batchd.arguments.end(), {"--config", plan.config});
  const auto end = run_program(batchd);
  if (end && end->code == kDone) {
    session.console.talk(end->out.empty() ? "the provider accepts the key" : without(end->out, key));
    return kDone;
  }
  if (end) session.console.talk(without(end->err, key));
  const bool judged = end && (end->code == kNoPermission || end->code == kBadInput || end->code == kBadConfig);
  if (judged) {
    session.console.talk("nothing was changed");
    return end->code;
  }
  session.console.talk(std::string(end ? "" : batchd.name + " can't be run, or didn't end in time; ") +
                       "the key couldn't be checked, and nothing was changed; --no-check stores it unchecked");
  return kUnavailable;
}

struct Outcome {
  bool checked = false, restarted = false, taken = false, ready = false;
  std::string detail;
  int code = kDone;
};

// Nobody but its starter can tell a daemon that isn't a service to read its key again.
void say_how_to_reload(Session& session) {
  session.console.talk(
      "systemd doesn't run batchd.service here. A batchd that runs reads the key again on SIGHUP (kill -HUP PID; in a\n"
      "container docker kill --signal HUP NAME), or when it is restarted");
}

// Some containers' systemd takes credentials and hands none over. There the daemon's own file has to do.
bool keep_in_own_file(Session& session, Plan& plan, std::string_view key) {
  plan.file = {.path = std::string(config::kKeyFile)};
  session.console.talk(
      "systemd didn't hand the key over to batchd (in a container it may not be able to): it goes to " +
      plan.file.path + " instead, for batchd's user only");
  std::error_code made_or_there;  // what isn't there then can't be written, and that is said
  std::filesystem::create_directory(std::filesystem::path(plan.file.path).parent_path(), made_or_there);
  const auto written = write_key_file(plan.file, key);
  if (const auto* refusal = std::get_if<CommandError>(&written)) {
    session.console.talk(refusal->what);
    return false;
  }
  return restart_service(session, plan.file);
}

// The same key in two places, or an old one in a place that is looked at later: it would come back one day. Only when
// the account has been seen to use the other.
void remove_other(Session& session, const Plan& plan, const KeyFile& first) {
  if (first.credential && !plan.file.credential) {
    remove_key_file(first.path);
  } else if (plan.file.credential && !plan.own_file_is_named && remove_key_file(std::string(config::kKeyFile))) {
    session.console.talk("removed " + std::string(config::kKeyFile) + ", which held an earlier key");
  }
}

void say_what_became(Session& session, const Plan& plan, const AccountView& view, Outcome& outcome) {
  const bool managed = plan.service != Service::none;
  const auto account = "account " + plan.account;
  if (!view.answered) {
    outcome.code = report(session, view.reply);
  } else if (!view.known) {
    session.console.talk("batchd runs, but " + account + " isn't known to it: is it restarted?\nhint: batchctl doctor");
    outcome.code = kTryLater;
  } else if (!outcome.taken && !managed && view.healthy) {
    session.console.talk("batchd runs, and " + account + " works, with another key; the new one counts from then on");
  } else if (!outcome.taken) {
    session.console.talk("batchd still uses " + std::string(view.key.empty() ? "no" : "another") + " key for " +
                         account + (view.detail.empty() ? "" : ": " + view.detail) +
                         "\nhint: journalctl -u batchd says why");
    outcome.code = kTryLater;
  } else if (!view.healthy) {
    session.console.talk("batchd runs, but " + account + " isn't ready: " + view.detail + "\nhint: batchctl doctor");
    outcome.code = kTryLater;
  } else if (!outcome.checked) {
    session.console.talk("batchd runs; " + account + " has the key; it hasn't been checked");
  } else {
    const bool named = plan.account != config::kDefaultAccount;
    session.console.talk("batchd runs; " + account + " is ready. Try: batchctl submit " +
                         (named ? "--account " + plan.account + ' ' : "") +
                         "--model gemini-2.5-flash --wait \"Name three rivers.\"");
  }
}

void bring_to_daemon(Session& session, const SetupOptions& options, Plan& plan, std::string_view key,
                     Outcome& outcome) {
  const bool managed = plan.service != Service::none;
  if (!options.restart) {
    if (managed || plan.file.credential)
      session.console.talk("batchd takes the key with: " + take_command(plan.file));
    else
      say_how_to_reload(session);
    return;
  }
  const auto first = plan.file;
  bool told = !managed || restart_service(session, plan.file);
  if (told && managed && plan.file.credential && !credential_arrived()) told = keep_in_own_file(session, plan, key);
  if (!told) {
    outcome.code = kUnavailable;
    return;
  }
  outcome.restarted = managed;
  if (!managed) say_how_to_reload(session);
  const auto fingerprint = json::fingerprint(key);
  auto view = watch_account(session, plan.account, fingerprint, managed);
  // A daemon that isn't a service doesn't come up because we wait, but an account without a key looks for one.
  if (!managed && view.answered && !view.healthy) view = watch_account(session, plan.account, fingerprint, true);
  outcome.taken = view.known && view.key == fingerprint;
  outcome.ready = outcome.taken && view.healthy;
  outcome.detail = view.detail;
  if (outcome.taken && managed) remove_other(session, plan, first);
  say_what_became(session, plan, view, outcome);
}

std::string to_json(const Plan& plan, const Outcome& outcome) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const auto& [name, value] :
       {std::pair("account", &plan.account), {"stored", &plan.file.path}, {"detail", &outcome.detail}}) {
    writer.key(name);
    writer.string(*value);
  }
  for (const auto& [name, value] :
       {std::pair("checked", outcome.checked), {"restarted", outcome.restarted}, {"ready", outcome.ready}}) {
    writer.key(name);
    writer.boolean(value);
  }
  writer.end_object();
  return text;
}

}  // namespace

int setup_gemini(Session& session, const SetupOptions& options, const config::Environment& environment) {
#ifndef __SANITIZE_ADDRESS__    // whose leak checker traces the process
  ::prctl(PR_SET_DUMPABLE, 0);  // the key must not end in a core dump
#endif
  auto& console = session.console;
  const auto refuse = [&](int code, const std::string& what) {
    console.talk(what);
    return code;
  };
  auto planned = make_plan(options, environment);
  if (const auto* refusal = std::get_if<CommandError>(&planned)) return refuse(refusal->exit_code, refusal->what);
  auto& plan = std::get<Plan>(planned);
  console.talk("the key of account " + plan.account + " goes to " + plan.file.path +
               (plan.sharers.empty() ? "" : "; so it is also that of " + plan.sharers));
  Secret secret;
  if (const auto obtained = obtain(secret, options.key_file); !obtained)
    return refuse(kBadInput, obtained.error().detail + "; nothing was changed");
  const auto key = config::api_key_in(secret.text(), "what was given");
  if (!key) return refuse(kBadInput, key.error().detail + "; nothing was changed");

  Outcome outcome;
  if (options.check)
    if (const int code = check(session, plan, *key); code != kDone) return code;
  outcome.checked = options.check;
  const auto written = write_key_file(plan.file, *key);
  if (const auto* refusal = std::get_if<CommandError>(&written)) return refuse(refusal->exit_code, refusal->what);
  console.talk(std::string(options.check ? "stored" : "stored, unchecked") + " in " + plan.file.path);
  bring_to_daemon(session, options, plan, *key, outcome);
  if (session.json) console.data(to_json(plan, outcome));
  return outcome.code;
}

}  // namespace batchd::ctl
