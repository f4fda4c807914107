#include "tests/harness/json.h"

#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace batchd::harness {

Json::Json(std::string_view text) {
  auto document = std::make_shared<rapidjson::Document>();
  document->Parse(text.data(), text.size());
  if (document->HasParseError()) return;
  value_ = document.get();
  document_ = std::move(document);
}

const rapidjson::Value* Json::find(std::string_view pointer) const {
  if (value_ == nullptr) return nullptr;
  return rapidjson::Pointer(pointer.data(), pointer.size()).Get(*value_);
}

std::string Json::text(std::string_view pointer, std::string_view fallback) const {
  const auto* value = find(pointer);
  if (value == nullptr || !value->IsString()) return std::string(fallback);
  return {value->GetString(), value->GetStringLength()};
}

std::int64_t Json::number(std::string_view pointer, std::int64_t fallback) const {
  const auto* value = find(pointer);
  return value != nullptr && value->IsInt64() ? value->GetInt64() : fallback;
}

bool Json::flag(std::string_view pointer, bool fallback) const {
  const auto* value = find(pointer);
  return value != nullptr && value->IsBool() ? value->GetBool() : fallback;
}

std::vector<Json> Json::items(std::string_view pointer) const {
  std::vector<Json> out;
  const auto* value = find(pointer);
  if (value == nullptr || !value->IsArray()) return out;
  for (const auto& item : value->GetArray()) out.push_back(Json(document_, &item));
  return out;
}

std::vector<std::string> Json::members(std::string_view pointer) const {
  std::vector<std::string> out;
  const auto* value = find(pointer);
  if (value == nullptr || !value->IsObject()) return out;
  for (const auto& member : value->GetObject())
    out.emplace_back(member.name.GetString(), member.name.GetStringLength());
  return out;
}

std::string Json::dump() const {
  if (value_ == nullptr) return "(not JSON)";
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  value_->Accept(writer);
  return {out.GetString(), out.GetSize()};
}

std::string json_text(std::string_view text) {
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {out.GetString(), out.GetSize()};
}

}  // namespace batchd::harness
