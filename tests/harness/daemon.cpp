#include "tests/harness/daemon.h"

#include <charconv>
#include <csignal>
#include <filesystem>
#include <stdexcept>

namespace batchd::harness {
namespace {

// Short, so that a test waits for events only; long enough for a loaded machine, where a call is slow and not lost.
std::map<std::string, std::string> short_times() {
  return {{"server.socket_mode", "\"0666\""},
          {"server.allow_mapped_uids", "true"},
          {"accounts.default.connect_timeout", "\"2s\""},
          {"accounts.default.answer_timeout", "\"1500ms\""},
          {"accounts.default.stall_timeout", "\"3s\""},
          {"packing.max_age", "\"200ms\""},
          {"submission.quarantine", "\"1s\""},
          {"submission.throttle_first", "\"300ms\""},
          {"submission.throttle_max", "\"1s\""},
          {"submission.reconcile_first", "\"100ms\""},
          {"submission.reconcile_max", "\"500ms\""},
          {"submission.fence_pause", "\"100ms\""},
          {"submission.relist_pause", "\"200ms\""},
          {"polling.first", "\"100ms\""},
          {"polling.max", "\"500ms\""},
          {"polling.lost_grace", "\"1s\""},
          {"polling.output_grace", "\"10s\""},
          {"polling.download_grace", "\"10s\""},
          {"retry.first", "\"50ms\""},
          {"retry.max", "\"500ms\""},
          {"limits.stop_grace", "\"5s\""},
          {"log.level", "\"debug\""}};
}

std::string render(const std::map<std::string, std::string>& keys) {
  std::string toml;
  std::string section;
  for (const auto& [name, value] : keys) {  // sorted: a section's keys stand together
    const auto dot = name.rfind('.');
    if (name.substr(0, dot) != section) {
      section = name.substr(0, dot);
      toml += "[" + section + "]\n";
    }
    toml += name.substr(dot + 1) + " = " + value + "\n";
  }
  return toml;
}

}  // namespace

DaemonUnderTest::DaemonUnderTest(const TempFolder& folder, const DaemonSettings& settings)
    : folder_(folder), environment_(settings.environment), sockets_(settings.sockets) {
  auto keys = short_times();
  keys["server.socket"] = json_text(socket());
  keys["store.path"] = json_text(database());
  keys["accounts.default.base_url"] = json_text(settings.provider_url);
  if (settings.api_key) {
    write_file(folder.file("key"), *settings.api_key);
    keys["accounts.default.api_key_file"] = json_text(folder.file("key"));
  }
  if (!settings.tokens.empty()) {
    write_file(tokens_file(), settings.tokens);
    std::filesystem::permissions(tokens_file(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    keys["server.listen"] = json_text("127.0.0.1:0");
    keys["server.tokens_file"] = json_text(tokens_file());
  }
  for (const auto& [name, value] : settings.config) keys[name] = value;
  write_file(config_file(), render(keys));
  // The program keeps its database in a folder of its own, which only it may read.
  const auto state = folder.path() / "state";
  std::filesystem::create_directories(state);
  std::filesystem::permissions(state, std::filesystem::perms::owner_all);
}

void DaemonUnderTest::start() {
  process_.emplace(Process::start({.binary = BATCHD_BINARY,
                                   .arguments = {"--config", config_file()},
                                   .environment = environment_,
                                   .output = folder_.file("batchd.log"),
                                   .input = {},
                                   .sockets = sockets_}));
  LocalHttp http(socket());
  const bool ready = eventually([&] {
    const auto reply = http.get("/readyz");
    return (reply && reply->status == 200) || !process_->running();
  });
  if (ready && process_->running()) return;
  const auto text = log();
  throw std::runtime_error("batchd didn't start: " +
                           text.substr(text.size() - std::min<std::size_t>(text.size(), 2000)));
}

void DaemonUnderTest::kill_hard() {
  process_->kill(SIGKILL);
  process_->wait();
}

void DaemonUnderTest::restart() {
  kill_hard();
  start();
}

std::optional<int> DaemonUnderTest::stop() {
  process_->kill(SIGTERM);
  return process_->wait();
}

std::uint16_t DaemonUnderTest::tcp_port() const {
  const auto text = log();
  const auto word = text.rfind(" tcp=");
  const auto end = word == std::string::npos ? word : text.find_first_of(" \n", word + 1);
  const auto at = word == std::string::npos ? word : text.find(':', word);
  std::uint16_t port = 0;
  if (at < end) std::from_chars(text.data() + at + 1, text.data() + text.size(), port);
  return port;
}

Json DaemonUnderTest::admin_status() const {
  LocalHttp http(socket());
  const auto reply = http.get("/admin/status");
  return Json(reply && reply->status == 200 ? reply->body : std::string());
}

std::int64_t DaemonUnderTest::in_state(std::string_view state) const {
  return admin_status().number("/requests/" + std::string(state) + "/items");
}

std::int64_t DaemonUnderTest::batches_in_state(std::string_view state) const {
  return admin_status().number("/batches/" + std::string(state) + "/items");
}

std::map<std::string, std::string> leave_by_count(int count) {
  return {{"packing.max_items", std::to_string(count)}, {"packing.max_age", "\"24h\""}};
}

std::string submission(std::string_view prompt, std::string_view model) {
  return "{\"model\":" + json_text(model) + R"(,"request":{"contents":[{"role":"user","parts":[{"text":)" +
         json_text(prompt) + "}]}]}}";
}

std::string answer_text(const Json& request) { return request.text("/response/candidates/0/content/parts/0/text"); }

}  // namespace batchd::harness
