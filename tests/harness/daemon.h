// batchd as a child process, with short times and a database that outlives it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/harness/json.h"
#include "tests/harness/local_http.h"
#include "tests/harness/process.h"
#include "tests/harness/temp_folder.h"

namespace batchd::harness {

struct DaemonSettings {
  std::string provider_url;
  std::optional<std::string> api_key = "test-key";  // nullopt: the daemon starts without a key
  std::string tokens;  // content of server.tokens_file; if not empty, the daemon also listens on a port of 127.0.0.1
  // Overrides the harness's short times; values are TOML: {"packing.max_items", "200"}, {"log.level", "\"debug\""}.
  std::map<std::string, std::string> config;
  std::map<std::string, std::string> environment;
  std::vector<int> sockets;  // descriptors, passed as by socket activation
};

class DaemonUnderTest {
 public:
  // Writes the configuration; start() starts the daemon.
  DaemonUnderTest(const TempFolder& folder, const DaemonSettings& settings);

  // Returns when /readyz answers 200. Throws std::runtime_error with the end of the log if that doesn't happen.
  void start();
  void kill_hard();           // kill -9; the process is gone on return
  void restart();             // kill_hard, then start on the same database
  std::optional<int> stop();  // SIGTERM; returns the exit code, nullopt if the daemon didn't end
  Process& process() { return *process_; }

  std::string socket() const { return folder_.file("s"); }
  std::uint16_t tcp_port() const;  // as the log says; 0 if there is none
  std::string tokens_file() const { return folder_.file("tokens"); }
  std::string config_file() const { return folder_.file("batchd.toml"); }
  std::string database() const { return folder_.file("state/batchd.db"); }
  std::string log() const { return read_file(folder_.file("batchd.log")); }

  Json admin_status() const;                            // invalid JSON if there was no answer
  std::int64_t in_state(std::string_view state) const;  // how many requests
  std::int64_t batches_in_state(std::string_view state) const;

 private:
  const TempFolder& folder_;
  const std::map<std::string, std::string> environment_;
  const std::vector<int> sockets_;
  std::optional<Process> process_;
};

// Returns keys of DaemonSettings::config with which a batch leaves when `count` requests wait, or at an operator's flush, and
// never because time has passed: how many batches there are doesn't depend on how fast anything is.
std::map<std::string, std::string> leave_by_count(int count);

// submission() returns a body of POST /v1/requests with one prompt; answer_text() the answer's text in the request
// object that comes back.
inline constexpr std::string_view kModel = "gemini-2.5-flash";
std::string submission(std::string_view prompt, std::string_view model = kModel);
std::string answer_text(const Json& request);

}  // namespace batchd::harness
