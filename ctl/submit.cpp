#include <sys/random.h>

#include <array>
#include <fstream>
#include <iostream>
#include <sstream>

#include "core/check.h"
#include "ctl/exit_code.h"
#include "ctl/objects.h"
#include "ctl/requests.h"
#include "proto/json/digest.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

std::string random_key() {
  std::array<char, 16> bytes;
  CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return json::hex({bytes.data(), bytes.size()});
}

std::string json_string(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

std::string read_all(std::istream& in) {
  std::ostringstream text;
  if (in.peek() != std::istream::traits_type::eof()) text << in.rdbuf();
  return text.str();
}

// The provider's request object; none: the file can't be read.
std::optional<std::string> request_of(const SubmitOptions& options) {
  if (options.text) {
    const auto prompt = *options.text == "-" ? read_all(std::cin) : *options.text;
    return R"({"contents":[{"role":"user","parts":[{"text":)" + json_string(prompt) + "}]}]}";
  }
  std::ifstream file(options.body_file, std::ios::binary);
  if (!file) return std::nullopt;
  return read_all(file);
}

}  // namespace

int submit(Session& session, const SubmitOptions& options) {
  const auto request = request_of(options);
  if (!request) {
    session.console.talk("can't read " + options.body_file);
    return kBadInput;
  }
  const auto key = options.key.empty() ? std::string() : json_string(options.key);
  // Checked here too: text that isn't one object must not become part of the body around it.
  if (!scan_members(*request)) {
    session.console.talk("the request isn't one JSON object");
    return kBadInput;
  }
  auto answer = ask(session, post_call(options.model, *request, key, random_key()));
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  const auto& object = std::get<Answer>(answer).body;
  const auto members = scan_members(object);
  const auto id = members ? text_member(*members, "id") : std::string();
  if (id.empty()) {
    session.console.talk("the daemon's answer isn't a request object");
    return kUnavailable;
  }
  if (!options.wait) {
    session.console.data(session.json ? object : id);
    return kDone;
  }
  session.console.talk("accepted as " + id);
  auto finished = await_request(session, id, deadline_of(*options.wait));
  if (const auto* code = std::get_if<int>(&finished)) return *code;
  return show_request(session, std::get<std::string>(finished));
}

int get(Session& session, const std::string& id) {
  auto object = await_request(session, id, std::chrono::steady_clock::now());
  if (const auto* code = std::get_if<int>(&object)) return *code;
  return show_request(session, std::get<std::string>(object));
}

int wait_for(Session& session, const std::vector<std::string>& ids, const Wait& wait) {
  const auto deadline = deadline_of(wait);
  int worst = kDone;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids.size() > 1)
      session.console.progress("waiting", static_cast<std::int64_t>(i), static_cast<std::int64_t>(ids.size()));
    auto object = await_request(session, ids[i], deadline);
    const auto* code = std::get_if<int>(&object);
    worst = std::max(worst, code ? *code : show_request(session, std::get<std::string>(object)));
    if (code && (*code == kUnavailable || *code == kNoPermission)) break;
  }
  session.console.finish_progress();
  return worst;
}

}  // namespace batchd::ctl
