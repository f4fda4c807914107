#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "config/api_key.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/run_program.h"
#include "ctl/secret.h"
#include "ctl/take_key.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

constexpr std::string_view kQuestion = "Key of the Gemini API (get one at https://aistudio.google.com/apikey): ";

// All that is decided before anybody is asked for a key.
struct Plan {
  std::string config;  // the configuration file; empty: defaults
  std::string account;
  KeyFile file;
  std::string sharers;  // other accounts that use the same key
  Service service = Service::none;
};

std::variant<std::string, Refusal> find_config(const config::Environment& environment) {
  const auto path = config_path(environment);
  std::error_code error;
  const bool is_there = std::filesystem::exists(path, error);
  if (error == std::errc::permission_denied || (is_there && ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0))
    return Refusal{kNoPermission, path + " can't be read by this user: run it as root: sudo batchctl setup gemini"};
  return is_there || path != config::kDefaultPath ? path : std::string();
}

std::variant<std::string, Refusal> choose_account(const config::Config& config, const std::string& wanted) {
  std::string names;
  for (const auto& [name, account] : config.accounts) names += (names.empty() ? "" : ", ") + name;
  if (!wanted.empty()) {
    if (config.accounts.contains(wanted)) return wanted;
    return Refusal{kBadConfig, "the configuration has no account " + wanted + "; it has: " + names};
  }
  if (config.accounts.size() == 1) return config.accounts.begin()->first;
  if (config.accounts.contains(config::kDefaultAccount)) return std::string(config::kDefaultAccount);
  return Refusal{kUsage, "which account? --account NAME; there is: " + names};
}

std::variant<Plan, Refusal> make_plan(const SetupOptions& options, const config::Environment& environment) {
  auto path = find_config(environment);
  if (auto* refusal = std::get_if<Refusal>(&path)) return std::move(*refusal);
  Plan plan{.config = std::move(std::get<std::string>(path))};
  config::Config config;
  try {
    config = config::load(plan.config, environment);
  } catch (const config::ConfigError& faults) {
    return Refusal{kBadConfig, faults.what()};
  }
  auto account = choose_account(config, options.account);
  if (auto* refusal = std::get_if<Refusal>(&account)) return std::move(*refusal);
  plan.account = std::move(std::get<std::string>(account));
  const auto& settings = config.accounts.find(plan.account)->second;
  auto file = find_key_file(settings);
  if (auto* refusal = std::get_if<Refusal>(&file)) return std::move(*refusal);
  plan.file = std::move(std::get<KeyFile>(file));
  for (const auto& [name, other] : config.accounts)
    if (name != plan.account && other.api_key_file == settings.api_key_file)
      plan.sharers += (plan.sharers.empty() ? "" : ", ") + name;
  plan.service = service_state();
  // Nobody else than systemd hands a credential over: a key that is never used must not look like a success.
  if (plan.file.credential && plan.service == Service::none && options.restart)
    return Refusal{kBadConfig, "systemd doesn't run batchd.service here, so nothing would hand " + plan.file.path +
                                   " to batchd:\nset api_key_file under [accounts." + plan.account + "] in " +
                                   config_path(environment) +
                                   " and run this again, or start batchd with $BATCHD_GEMINI_API_KEY\n"
                                   "(--no-restart stores it nevertheless, for a later start by systemd)"};
  return plan;
}

core::Result<void> obtain(Secret& secret, const std::string& key_file) {
  if (key_file.empty() && ::isatty(STDIN_FILENO) == 1) return secret.ask(kQuestion);
  if (key_file.empty() || key_file == "-") return secret.read_all(STDIN_FILENO);
  const int fd = ::open(key_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return core::Error{core::Errc::invalid, "can't read " + key_file + ": " + std::strerror(errno)};
  auto read = secret.read_all(fd);
  ::close(fd);
  return read;
}

// What other programs say goes to the terminal and to logs: never with the key in it.
std::string without(std::string text, std::string_view key) {
  for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at))
    text.replace(at, key.size(), "(key)");
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
  bool checked = false, restarted = false, ready = false;
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
  const auto credential = std::exchange(plan.file, {.path = std::string(config::kKeyFile)}).path;
  session.console.talk("systemd didn't hand the key over to batchd (in a container it may not be able to): it goes to " +
                       plan.file.path + " instead, for batchd's user only");
  std::error_code made_or_there;  // what isn't there then can't be written, and that is said
  std::filesystem::create_directory(std::filesystem::path(plan.file.path).parent_path(), made_or_there);
  const auto written = write_key_file(plan.file, key);
  if (const auto* refusal = std::get_if<Refusal>(&written)) {
    session.console.talk(refusal->what);
    return false;
  }
  ::unlink(credential.c_str());
  return restart_service(session, plan.file);
}

void bring_to_daemon(Session& session, const SetupOptions& options, Plan& plan, std::string_view key, Outcome& outcome) {
  const bool managed = plan.service != Service::none;
  if (!options.restart) {
    if (managed || plan.file.credential)
      session.console.talk("batchd takes the key with: " + take_command(plan.file));
    else
      say_how_to_reload(session);
    return;
  }
  bool taken = !managed || restart_service(session, plan.file);
  if (taken && managed && plan.file.credential && !credential_arrived()) taken = keep_in_own_file(session, plan, key);
  if (!taken) {
    outcome.code = kUnavailable;
    return;
  }
  outcome.restarted = managed;
  if (!managed) say_how_to_reload(session);
  auto view = watch_account(session, plan.account, false);
  // A daemon that isn't a service doesn't come up because we wait, but an account without a key looks for one.
  const bool was_well = view.healthy;
  if (!was_well && (managed || view.answered)) view = watch_account(session, plan.account, true);
  outcome.ready = view.healthy;
  outcome.detail = view.detail;
  if (!view.answered) {
    outcome.code = report(session, view.reply);
  } else if (!view.healthy) {
    const auto why = view.known ? "isn't ready: " + view.detail : "isn't known to it: is it restarted?";
    session.console.talk("batchd runs, but account " + plan.account + ' ' + why + "\nhint: batchctl doctor");
    outcome.code = kTryLater;
  } else if (!managed && was_well) {
    session.console.talk("batchd runs, and account " + plan.account + " works; the new key counts from then on");
  } else {
    const bool named = plan.account != config::kDefaultAccount;
    session.console.talk("batchd runs; account " + plan.account + " is ready. Try: batchctl submit " +
                         (named ? "--account " + plan.account + ' ' : "") +
                         "--model gemini-2.5-flash --wait \"Name three rivers.\"");
  }
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
  if (const auto* refusal = std::get_if<Refusal>(&planned)) return refuse(refusal->exit_code, refusal->what);
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
  if (const auto* refusal = std::get_if<Refusal>(&written)) return refuse(refusal->exit_code, refusal->what);
  console.talk(std::string(options.check ? "stored" : "stored, unchecked") + " in " + plan.file.path);
  bring_to_daemon(session, options, plan, *key, outcome);
  if (session.json) console.data(to_json(plan, outcome));
  return outcome.code;
}

}  // namespace batchd::ctl
