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
  std::optional<std::string> api_key = "test-key";  // none: the daemon starts without
  std::string tokens;  // the content of server.tokens_file; given: the daemon listens on a free port of 127.0.0.1, too
  // Over the harness's short times: {"packing.max_items", "200"}, {"log.level", "\"debug\""}: values as TOML.
  std::map<std::string, std::string> config;
  std::map<std::string, std::string> environment;
  std::vector<int> sockets;  // passed as by socket activation
};

class DaemonUnderTest {
 public:
  // Writes the configuration; start() runs it.
  DaemonUnderTest(const TempFolder& folder, const DaemonSettings& settings);

  // Returns when /readyz answers 200. Throws std::runtime_error, with the log's end, if that doesn't happen.
  void start();
  void kill_hard();           // kill -9, and gone when this returns
  void restart();             // kill_hard, then start on the same database
  std::optional<int> stop();  // SIGTERM. The exit code; none: it didn't end
  Process& process() { return *process_; }

  std::string socket() const { return folder_.file("s"); }
  std::uint16_t tcp_port() const;  // as its log says; 0: none
  std::string tokens_file() const { return folder_.file("tokens"); }
  std::string config_file() const { return folder_.file("batchd.toml"); }
  std::string database() const { return folder_.file("state/batchd.db"); }
  std::string log() const { return read_file(folder_.file("batchd.log")); }

  Json admin_status() const;                            // invalid JSON: no answer
  std::int64_t in_state(std::string_view state) const;  // requests
  std::int64_t batches_in_state(std::string_view state) const;

 private:
  const TempFolder& folder_;
  const std::map<std::string, std::string> environment_;
  const std::vector<int> sockets_;
  std::optional<Process> process_;
};

// The body of POST /v1/requests for one prompt, and the prompt's answer in the request object that comes back.
inline constexpr std::string_view kModel = "gemini-2.5-flash";
std::string submission(std::string_view prompt, std::string_view model = kModel);
std::string answer_text(const Json& request);

}  // namespace batchd::harness
