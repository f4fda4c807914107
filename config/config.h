// The whole configuration as one const value: read at startup, checked as a whole, passed by reference.
// A member's initialiser is its default. config/keys.cpp names every member's key, unit, bounds and comment.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/budget.h"
#include "core/error.h"
#include "core/packer.h"
#include "core/schedule.h"
#include "core/time.h"

namespace batchd::config {

using core::Duration;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr std::string_view kDefaultPath = "/etc/batchd/batchd.toml";
inline constexpr std::string_view kDefaultSocket = "/run/batchd/batchd.sock";
inline constexpr std::string_view kDefaultAccount = "default";

struct Server {
  std::string socket{kDefaultSocket};
  int socket_mode = 0660;
  std::string socket_group;  // empty: the group the daemon runs as
  std::string admin_group;   // members may use /admin; empty: only root may
  std::string listen;        // such as "127.0.0.1:8090"; empty: no TCP
  bool allow_remote = false;
  std::string hosts;        // more names that clients may use for `listen`, separated by commas
  std::string tokens_file;  // see docs/api.md; needed with `listen`
  bool allow_mapped_uids = false;
  std::int64_t max_body = std::int64_t{32} << 20;
  std::int64_t max_bulk = std::int64_t{64} << 30;
  Duration header_timeout = seconds(10);
  Duration idle_timeout = seconds(75);
  Duration write_timeout = seconds(60);
  std::int64_t body_rate_floor = 1024;  // bytes per second
  Duration heartbeat = seconds(15);     // interval, on event streams
  Duration interim = seconds(60);       // interval, on calls that wait for one answer
};

struct Store {
  std::string path = "/var/lib/batchd/batchd.db";
  std::int64_t disk_floor = std::int64_t{256} << 20;
  std::int64_t reserve = std::int64_t{256} << 20;
};

struct Account {
  std::string kind = "gemini";
  std::string base_url;      // empty: where providers of this kind are, core::Caps::base_url
  std::string api_key_file;  // see read_api_key()
  std::string ca_file;       // empty: the system's certificates
  Duration connect_timeout = seconds(10);
  Duration answer_timeout = minutes(2);
  Duration stall_timeout = minutes(1);
  std::int64_t max_jobs = 100;
  std::int64_t max_stored = 20'000'000'000;

  core::BudgetLimits budget() const { return {max_jobs, max_stored}; }
};

// A section whose keys may be overridden for single models, as in [packing."gemini-2.5-pro"].
template <class Limits>
struct PerModel {
  Limits limits;
  std::map<std::string, Limits, std::less<>>
      models;  // complete values: keys that a model's section leaves out are copied from `limits`

  const Limits& of(std::string_view model) const {
    const auto found = models.find(model);
    return found == models.end() ? limits : found->second;
  }
};
using Packing = PerModel<core::PackLimits>;

struct EnqueuedTokens {
  std::int64_t max_enqueued_tokens = 10'000'000;
};
using Budget = PerModel<EnqueuedTokens>;

enum class OnAmbiguous : std::uint8_t {
  fence,  // delete the input file, prove that no job can run any more, and send the requests again
  hold,   // wait for an operator
};

struct Submission {
  OnAmbiguous on_ambiguous = OnAmbiguous::fence;
  Duration quarantine = minutes(15);
  Duration throttle_first = seconds(60);
  Duration throttle_max = minutes(20);
  Duration reconcile_first = seconds(5);
  Duration reconcile_max = minutes(5);
  Duration fence_pause = seconds(30);
  Duration relist_pause = seconds(60);
  Duration file_age_max = hours(12);
  Duration sweep_every = hours(1);
  std::int64_t concurrency = 4;

  core::Backoff throttle() const { return {throttle_first, throttle_max}; }
  core::Backoff reconcile() const { return {reconcile_first, reconcile_max}; }
};

struct Polling {
  Duration first = seconds(15);
  Duration max = minutes(5);
  Duration lost_grace = minutes(30);
  Duration output_grace = minutes(30);
  Duration download_grace = hours(1);

  core::PollSchedule schedule() const { return {first, max}; }
};

struct Retry {
  std::int64_t max_attempts = 3;
  Duration first = seconds(1);
  Duration max = minutes(5);

  core::Backoff backoff() const { return {first, max}; }
};

struct Retention {
  Duration results = hours(168);
  Duration acknowledged_grace = hours(1);
  Duration reattach_grace = minutes(10);
  Duration idempotency = hours(168);
  Duration purge_every = minutes(1);
};

struct Limits {
  std::int64_t max_queued_requests = 2'000'000;
  std::int64_t max_queued_bytes = std::int64_t{64} << 30;
  std::int64_t owner_share = 50;  // per cent of the queue and of the connections that one owner may have
  std::int64_t max_connections = 10'000;
  Duration stop_grace = seconds(5);
};

enum class LogLevel : std::uint8_t { debug, info, warn, error };

struct Log {
  LogLevel level = LogLevel::info;
};

struct Config {
  Server server;
  Store store;
  std::map<std::string, Account, std::less<>> accounts{{std::string(kDefaultAccount), Account{}}};
  Packing packing;
  Budget budget;
  Submission submission;
  Polling polling;
  Retry retry;
  Retention retention;
  Limits limits;
  Log log;
};

// Returns the names of all accounts, for a message: "default, nightly".
std::string account_names(const Config& config);

// One thing that is wrong with the configuration.
struct Fault {
  int line = 0;         // in the file, from 1; 0 if the fault isn't in the file
  std::string key;      // such as "packing.max_age", or the environment variable
  std::string what;     // for people; never has a secret in it
  std::string nearest;  // the known name that was probably meant; empty if none is similar
};
std::string to_text(const Fault& fault);  // one line, without the file's name

// Thrown with every fault that was found. what() has one line per fault, "FILE:LINE: KEY: WHAT".
class ConfigError : public std::runtime_error {
 public:
  ConfigError(const std::string& origin, std::vector<Fault> faults);
  const std::vector<Fault>& faults() const { return faults_; }

 private:
  std::vector<Fault> faults_;
};

using Environment = std::map<std::string, std::string, std::less<>>;
Environment process_environment();

// The kinds of providers that an account can have, by name. Programs that call no provider don't know them, and pass
// kAnyKind: every name is taken then.
using Kinds = std::vector<std::string>;
inline const Kinds kAnyKind{};

// Returns the defaults, overridden by the file (no file if `path` is empty), overridden by BATCHD_SECTION__KEY
// variables (BATCHD_ACCOUNTS__NAME__KEY for an existing account: "default", unless the file has others; with '_' for
// each '-' of the name). Variables without a double underscore aren't overrides. Throws ConfigError.
Config load(const std::string& path, const Environment& environment, const Kinds& kinds);
Config parse(std::string_view toml, const std::string& origin, const Environment& environment, const Kinds& kinds);

// Returns complete, valid TOML: every key with its value and a comment. Secrets aren't part of a Config, so none
// appears. parse(render(c)) is c again; config/batchd.toml is render(Config{}).
std::string render(const Config& config);

// Returns the defaults of `batchd --dev`: short times, one account that calls `base_url`, the database in `state_dir`.
Config dev_defaults(const std::string& state_dir, const std::string& socket, const std::string& base_url);
// Returns all that `batchd --dev` knows of an environment: the key "dev" for its account. The keys of the real
// environment, its credentials and /etc/batchd are for a real provider, and must not go to an emulator's address.
Environment dev_environment();

// Returns the key of the account `name` without the white space around it, from the first of these that there is
// (config/api_key.h names the places):
//   1. the account's own: api_key_file, own_key().credential, own_key().variable;
//   2. that of all accounts of its kind: shared_key().credential, shared_key().variable, shared_key().file.
// Never returns a key that was put down for another kind. Reads it anew at each call. Errc::not_found: there is none.
// Errc::invalid: it is unreadable, empty, or not a header value. The error names the place, never the content; and
// `batchctl setup`, where that would put a key there.
core::Result<std::string> read_api_key(const std::string& name, const Account& account, const Environment& environment);
// Returns where the account's own key is, besides its api_key_file: "the credential NAME.api_key" if that is in the
// folder `credentials`, "$BATCHD_ACCOUNTS__NAME__API_KEY" if `environment` has it; empty if there is neither.
std::string own_key_place(const std::string& account, const std::string& credentials, const Environment& environment);
// Returns the key that is the whole of `input`, with the same rules; `place` is the input's name in errors.
core::Result<std::string> read_api_key(std::istream& input, const std::string& place);

}  // namespace batchd::config
