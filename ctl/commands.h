// The commands, one function each: they talk to the daemon, print, and return the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "ctl/session.h"

namespace batchd::ctl {

// How long to wait for a result; no limit: until it is there.
struct Wait {
  std::optional<Seconds> limit;
};

struct SubmitOptions {
  std::string model;
  std::string key;
  // Exactly one of these.
  std::optional<std::string> text;  // a prompt; "-": standard input
  std::string body_file;            // a provider's request object
  std::string jsonl_file;           // lines of {"key","request"}
  std::optional<Wait> wait;
};

int submit(Session& session, const SubmitOptions& options);
// Every line gets an Idempotency-Key made of the file, the model and its number: a repeated run adds nothing.
int submit_jsonl(Session& session, const SubmitOptions& options);
int get(Session& session, const std::string& id);
int wait_for(Session& session, const std::vector<std::string>& ids, const Wait& wait);

int status(Session& session);
int admin_status(Session& session);
int attention(Session& session);
int adopt(Session& session, const std::string& batch, const std::string& job);
int requeue(Session& session, const std::string& batch);

int health(Session& session);  // says nothing if all is well
int doctor(Session& session, const std::string& config_path, const config::Environment& environment);

// The socket to use: `given`, else $BATCHD_SOCKET, else the configuration's if it can be read, else the default.
std::string choose_socket(const std::string& given, const config::Environment& environment);
std::string config_path(const config::Environment& environment);  // $BATCHD_CONFIG or the default

}  // namespace batchd::ctl
