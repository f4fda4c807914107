#include "emulator/lines.h"

#include <algorithm>

#include "emulator/ids.h"
#include "proto/json/digest.h"
#include "proto/json/members.h"

namespace batchd::emulator {
namespace {

// GenerateContentRequest, in both spellings of proto3 JSON.
constexpr std::string_view kRequestFields[] = {"model",
                                               "contents",
                                               "systemInstruction",
                                               "system_instruction",
                                               "tools",
                                               "toolConfig",
                                               "tool_config",
                                               "safetySettings",
                                               "safety_settings",
                                               "generationConfig",
                                               "generation_config",
                                               "cachedContent",
                                               "cached_content",
                                               "labels",
                                               "serviceTier",
                                               "service_tier",
                                               "store"};

class Collector : public json::MemberHandler {
 public:
  void member(std::string_view name, std::uint64_t) override { members.emplace_back(name, std::string()); }
  void value(std::string_view fragment) override { members.back().second += fragment; }
  void end_value(std::uint64_t) override {}

  std::vector<std::pair<std::string, std::string>> members;
};

std::string near_column(std::size_t offset, std::string_view what) {
  return "invalid JSON, near column " + std::to_string(offset + 1) + ": " + std::string(what);
}

std::string unknown_field(std::string_view text, std::string_view name) {
  const auto at = text.find("\"" + std::string(name) + "\"");
  return near_column(at == std::string_view::npos ? 0 : at, "no such field: '" + std::string(name) + "'");
}

void read_contents(const Value& contents, Prompt& out) {
  out.has_contents = !contents.Empty();
  for (const auto& content : contents.GetArray()) {
    const auto* parts = member(content, "parts");
    out.text.clear();
    if (!parts || !parts->IsArray()) continue;
    for (const auto& part : parts->GetArray()) {
      out.text = text(part, "text");
      out.characters += characters(out.text);
    }
  }
}

}  // namespace

std::string Prompt::sha256() const { return json::hex(json::sha256(text)); }

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

std::string read_request(const Value& request, std::string_view text, Prompt& out) {
  if (!request.IsObject()) return near_column(0, "the request must be an object");
  for (const auto& entry : request.GetObject()) {
    const auto name = emulator::text(entry.name);
    if (std::ranges::find(kRequestFields, name) == std::ranges::end(kRequestFields)) return unknown_field(text, name);
  }
  const auto* contents = member(request, "contents");
  if (!contents) return {};
  if (!contents->IsArray()) return near_column(0, "invalid value for field 'contents'");
  read_contents(*contents, out);
  return {};
}

std::string read_line(std::string_view line, InputLine& out) {
  Document document;
  DomFault fault;
  if (!parse(line, document, fault)) return near_column(fault.offset, fault.what);
  const auto* request = member(document, "request");
  if (!request || !request->IsObject()) return near_column(0, "the line has no `request` object");
  const auto* key = member(document, "key");
  if (key && !key->IsString()) return near_column(0, "invalid value for field 'key': not a string");
  out.has_key = key != nullptr;
  if (key) out.key = text(*key);

  Collector collector;
  json::MemberScan scan(collector);
  if (!scan.feed(line) || !scan.finish()) return near_column(0, "not an object");
  for (auto& [name, value] : collector.members) {
    if (name == "key" || name == "request") continue;
    // The provider loses the elements of arrays that it echoes.
    out.extras.emplace_back(name, value.starts_with('[') ? std::string("[]") : std::move(value));
  }
  return read_request(*request, line, out.prompt);
}

}  // namespace batchd::emulator
