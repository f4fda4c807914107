// The commands, one function each: they talk to the daemon, print, and return the exit code.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctl/link/session.h"

namespace batchd::ctl {

// Options common to all submissions; an empty one is left to the daemon's default.
struct SubmitOptions {
  std::string model;
  std::string account, endpoint, channel, deadline, on_deadline;
  std::optional<Wait> wait;
  bool acknowledge = false;  // acknowledge each result after it was printed
};

struct OneRequest {
  std::string body_file;            // a file with the provider's request object; empty: a prompt is asked
  std::optional<std::string> text;  // the prompt; nullopt: it is read from standard input
  std::string key;
  std::vector<std::pair<std::string, std::string>> labels;
};
int submit(Session& session, const SubmitOptions& options, const OneRequest& request);

struct RequestFile {
  std::string path;   // lines of {"key","request"}; "-": standard input
  std::string group;  // if empty, the group is named after the file's digest
};
// Makes one bulk call, and repeats it under the same group until it succeeds. Running the command again adds nothing.
int submit_file(Session& session, const SubmitOptions& options, const RequestFile& file);

int get(Session& session, const std::string& id);
int wait_for(Session& session, const std::vector<std::string>& ids, const Wait& wait);

struct ResultOptions {
  std::string channel, after;
  std::int64_t limit = 0;    // 0: no limit
  bool acknowledge = false;  // acknowledge page by page, after each was written
  std::optional<Wait> wait;  // for the first result
};
int results(Session& session, const ResultOptions& options);
int watch(Session& session, const std::string& channel, const std::string& after);  // never ends by itself

struct ListOptions {
  std::vector<std::pair<std::string_view, std::string>> filters;
  std::int64_t limit = 50;
  bool all = false;
};
int list(Session& session, const ListOptions& options);
int batches(Session& session, const ListOptions& options);
int batch(Session& session, const std::string& id);

int cancel(Session& session, const std::vector<std::string>& ids);
int cancel_group(Session& session, const std::string& group);
int retry(Session& session, const std::vector<std::string>& ids);

int status(Session& session);
int admin_status(Session& session);
int attention(Session& session);
int adopt(Session& session, const std::string& batch, const std::string& job);
int requeue(Session& session, const std::string& batch);

struct LaneOptions {
  std::string account, endpoint, model;  // an empty one means any
};
int flush(Session& session, const LaneOptions& lanes);
int pause(Session& session, const LaneOptions& lanes);
int resume(Session& session, const LaneOptions& lanes);
int resume_account(Session& session, const std::string& account);

int audit(Session& session);
int backup(Session& session, const std::string& file, bool overwrite);

int health(Session& session);  // prints nothing if all is well
int doctor(Session& session, const std::string& config_path, const config::Environment& environment);

}  // namespace batchd::ctl
