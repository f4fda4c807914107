#include "ctl/answers/document.h"

#include "proto/json/validator.h"

namespace batchd::ctl {
namespace {

constexpr std::size_t kDepthMax = 64;
const Json kNull;

}  // namespace

std::optional<rapidjson::Document> read_document(std::string_view text) {
  if (!json::validate(text, {.depth_max = kDepthMax, .plain_numbers = true})) return std::nullopt;
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError()) return std::nullopt;
  return document;
}

const Json& member(const Json& object, const char* name) {
  if (!object.IsObject()) return kNull;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? kNull : found->value;
}

const Json& member(const std::optional<rapidjson::Document>& document, const char* name) {
  return document ? member(*document, name) : kNull;
}

std::string_view text(const Json& value) {
  if (!value.IsString()) return {};
  return {value.GetString(), value.GetStringLength()};
}

std::int64_t number(const Json& value) { return value.IsInt64() ? value.GetInt64() : 0; }

}  // namespace batchd::ctl
