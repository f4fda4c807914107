#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "core/error.h"
#include "ctl/answers/gemini.h"
#include "ctl/answers/objects.h"
#include "ctl/commands/requests.h"
#include "ctl/commands/text.h"
#include "ctl/console/exit_code.h"
#include "proto/json/opening.h"
#include "proto/json/validator.h"
#include "proto/json/write.h"

namespace batchd::ctl {
namespace {

std::string read_all(std::istream& in) {
  std::ostringstream text;
  if (in.peek() != std::istream::traits_type::eof()) text << in.rdbuf();
  return text.str();
}

core::Error bad_input(std::string words) { return {core::Errc::invalid, std::move(words)}; }

// Returns the request that asks the prompt, or why there is none to ask.
core::Result<std::string> prompt_content(const OneRequest& request) {
  const auto text = request.text ? *request.text : read_all(std::cin);
  const std::string from = request.text ? "the prompt " : "standard input ";
  const auto opening = request.text ? std::string_view() : json::opening_fault(text.substr(0, json::kOpeningBytes));
  if (!opening.empty()) return bad_input(from + std::string(opening));
  if (const auto fault = text_fault(text); !fault.empty()) return bad_input(from + fault);
  if (is_blank(text)) return bad_input(from + "is empty: there is nothing to ask");
  return prompt_request(text);
}

// Returns the provider's request object in the file. It is checked here too: text that isn't one object must not become
// part of the body around it.
core::Result<std::string> file_content(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return bad_input(path + " is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return bad_input("can't read " + path);
  auto content = read_all(file);
  if (is_blank(content)) return bad_input(path + " is empty: there is no request in it");
  json::JsonFault fault;
  const bool valid = json::validate(content, {}, &fault);
  if (!fault.opening.empty()) return bad_input(json::not_json(fault, path));
  const auto members = valid ? scan_members(content) : std::nullopt;
  if (!members) return bad_input("the request isn't one JSON object" + (valid ? "" : ": " + json::not_json(fault)));
  if (members->empty()) return bad_input(path + " has an empty object: there is no request in it");
  return content;
}

core::Result<std::string> content_of(const OneRequest& request) {
  return request.body_file.empty() ? prompt_content(request) : file_content(request.body_file);
}

Call call_of(const SubmitOptions& options, const OneRequest& request, const std::string& content) {
  Call call{.method = "POST", .target = "/v1/requests", .headers = {{"Idempotency-Key", random_key()}}};
  call.body.reserve(content.size() + 512);
  json::Writer writer(call.body);
  writer.begin_object();
  for (const auto& [name, value] : {std::pair<const char*, const std::string&>("model", options.model),
                                    {"key", request.key},
                                    {"account", options.account},
                                    {"endpoint", options.endpoint},
                                    {"channel", options.channel},
                                    {"deadline", options.deadline},
                                    {"on_deadline", options.on_deadline}}) {
    if (value.empty()) continue;
    writer.key(name);
    writer.string(value);
  }
  if (!request.labels.empty()) {
    writer.key("labels");
    writer.begin_object();
    for (const auto& [name, value] : request.labels) {
      writer.key(name);
      writer.string(value);
    }
    writer.end_object();
  }
  writer.key("request");
  writer.raw(content);
  writer.end_object();
  return call;
}

}  // namespace

int submit(Session& session, const SubmitOptions& options, const OneRequest& request) {
  const auto content = content_of(request);
  if (!content) {
    session.console.talk(content.error().detail);
    return kBadInput;
  }
  auto answer = ask(session, call_of(options, request, *content));
  if (const auto* code = std::get_if<int>(&answer)) return *code;
  const auto& object = std::get<Answer>(answer).body;
  const auto members = scan_members(object);
  const auto id = members ? text_member(*members, "id") : std::string();
  if (id.empty()) {
    session.console.talk("the daemon's answer isn't a request object");
    return kUnavailable;
  }
  if (!options.wait) {
    if (session.json)
      session.print_json(object);
    else
      session.console.data(id);
    session.console.talk("accepted; its result comes with: batchctl wait " + id);
    return kDone;
  }
  session.console.talk("accepted as " + id);
  auto finished = await_request(session, id, limit_of(*options.wait));
  if (const auto* code = std::get_if<int>(&finished)) return *code;
  const int shown = show_request(session, std::get<std::string>(finished));
  if (!options.acknowledge || shown == kTryLater) return shown;
  const int acknowledged = acknowledge(session, {id});
  return acknowledged == kDone ? shown : acknowledged;
}

int get(Session& session, const std::string& id) {
  auto object = await_request(session, id, std::chrono::steady_clock::now());
  if (const auto* code = std::get_if<int>(&object)) return *code;
  return show_request(session, std::get<std::string>(object));
}

int wait_for(Session& session, const std::vector<std::string>& ids, const Wait& wait) {
  const auto deadline = limit_of(wait);
  int worst = kDone;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids.size() > 1) session.console.progress("waiting", i, ids.size());
    auto object = await_request(session, ids[i], deadline);
    const auto* code = std::get_if<int>(&object);
    worst = std::max(worst, code ? *code : show_request(session, std::get<std::string>(object)));
    if (code && (*code == kUnavailable || *code == kNoPermission)) break;
  }
  session.console.finish_progress();
  return worst;
}

}  // namespace batchd::ctl
