#include "ctl/answers/gemini.h"

#include "ctl/answers/document.h"
#include "proto/json/write.h"

namespace batchd::ctl {

std::string prompt_request(std::string_view prompt) {
  std::string request = R"({"contents":[{"role":"user","parts":[{"text":)";
  json::append_string(request, prompt);
  return request + "}]}]}";
}

std::optional<std::string> answer_text(std::string_view response) {
  const auto document = read_document(response);
  if (!document) return std::nullopt;
  const auto& candidates = member(*document, "candidates");
  if (!candidates.IsArray() || candidates.Size() != 1) return std::nullopt;
  const auto& parts = member(member(candidates[0], "content"), "parts");
  if (!parts.IsArray() || parts.Empty()) return std::nullopt;
  std::string joined;
  for (const auto& part : parts.GetArray()) {
    if (!member(part, "text").IsString()) return std::nullopt;  // a call, an image: text alone would drop it
    joined += text(member(part, "text"));
  }
  return joined;
}

}  // namespace batchd::ctl
