#include "emulator/dialect/lines.h"

#include <algorithm>
#include <span>

#include "emulator/base/ids.h"
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

// EmbedContentRequest, likewise.
constexpr std::string_view kEmbedFields[] = {
    "model", "content", "taskType", "task_type", "title", "outputDimensionality", "output_dimensionality"};
constexpr int kDimensionsMax = 3072;

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

void read_content(const Value& content, Prompt& out) {
  const auto* parts = member(content, "parts");
  out.text.clear();
  if (!parts || !parts->IsArray()) return;
  for (const auto& part : parts->GetArray()) {
    out.text = text(part, "text");
    out.characters += characters(out.text);
  }
}

std::string read_contents(const Value& request, Prompt& out) {
  const auto* contents = member(request, "contents");
  if (!contents) return {};
  if (!contents->IsArray()) return near_column(0, "invalid value for field 'contents'");
  out.has_contents = !contents->Empty();
  for (const auto& content : contents->GetArray()) read_content(content, out);
  return {};
}

std::string read_embedded(const Value& request, Prompt& out) {
  if (const auto* dimensions = member(request, "outputDimensionality", "output_dimensionality")) {
    if (!dimensions->IsInt() || dimensions->GetInt() < 1 || dimensions->GetInt() > kDimensionsMax)
      return near_column(0, "invalid value for field 'output_dimensionality'");
    out.dimensions = dimensions->GetInt();
  }
  const auto* content = member(request, "content");
  if (!content) return {};
  if (!content->IsObject()) return near_column(0, "invalid value for field 'content'");
  out.has_contents = true;
  read_content(*content, out);
  return {};
}

}  // namespace

std::string Prompt::sha256() const { return json::hex(json::sha256(text)); }

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

std::string_view without_contents(Work work) {
  return work == Work::embedding ? "* EmbedContentRequest.content: content is not specified\n"
                                 : "* GenerateContentRequest.contents: contents is not specified\n";
}

std::string read_request(const Value& request, std::string_view text, Work work, Prompt& out) {
  if (!request.IsObject()) return near_column(0, "the request must be an object");
  const bool embeds = work == Work::embedding;
  const auto fields = embeds ? std::span<const std::string_view>(kEmbedFields) : std::span(kRequestFields);
  for (const auto& entry : request.GetObject()) {
    const auto name = emulator::text(entry.name);
    if (std::ranges::find(fields, name) == fields.end()) return unknown_field(text, name);
  }
  return embeds ? read_embedded(request, out) : read_contents(request, out);
}

namespace {

std::string read_inlined(const Value& item, InputLine& out) {
  const auto* metadata = member(item, "metadata");
  if (!metadata) return {};
  if (!metadata->IsObject()) return near_column(0, "invalid value for field 'metadata'");
  out.has_key = true;
  out.key = text(*metadata, "key");
  out.metadata = to_json(*metadata);
  return {};
}

}  // namespace

std::string read_line(std::string_view line, Work work, InputLine& out) {
  Document document;
  DomFault fault;
  if (!parse(line, document, fault)) return near_column(fault.offset, fault.what);
  const auto* request = member(document, "request");
  if (!request || !request->IsObject()) return near_column(0, "the line has no `request` object");
  if (out.from_body) {
    const auto why = read_inlined(document, out);
    return why.empty() ? read_request(*request, line, work, out.prompt) : why;
  }
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
  return read_request(*request, line, work, out.prompt);
}

}  // namespace batchd::emulator
