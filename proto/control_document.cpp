#include "proto/control_document.h"

#include <charconv>

#include "core/limits.h"
#include "proto/json/validator.h"

namespace batchd::proto {
namespace {

std::string snake_case(std::string_view camel) {
  std::string snake;
  for (const char c : camel) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper) snake += '_';
    snake += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return snake;
}

const JsonValue* find(const JsonValue& object, std::string_view name) {
  const auto found =
      object.FindMember(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size())));
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

}  // namespace

std::optional<ControlDocument> ControlDocument::parse(std::string_view text) {
  if (!json::validate(text, {.depth_max = core::kJsonDepthMax, .plain_numbers = true})) return std::nullopt;
  ControlDocument control;
  control.document_.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (control.document_.HasParseError()) return std::nullopt;
  control.wrapped_ = control.document_.IsArray() && control.document_.Size() == 1;
  if (!control.root().IsObject()) return std::nullopt;
  return control;
}

const JsonValue* member(const JsonValue* object, std::string_view camel) {
  if (object == nullptr || !object->IsObject()) return nullptr;
  if (const auto* value = find(*object, camel)) return value;
  return find(*object, snake_case(camel));
}

const JsonValue* object_member(const JsonValue* object, std::string_view camel) {
  const auto* value = member(object, camel);
  return value != nullptr && value->IsObject() ? value : nullptr;
}

std::string text_member(const JsonValue* object, std::string_view camel) {
  const auto* value = member(object, camel);
  return value != nullptr && value->IsString() ? std::string(value->GetString(), value->GetStringLength()) : "";
}

std::optional<std::int64_t> integer_member(const JsonValue* object, std::string_view camel) {
  const auto* value = member(object, camel);
  if (value == nullptr) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  if (!value->IsString()) return std::nullopt;
  const char* const end = value->GetString() + value->GetStringLength();
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(value->GetString(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

bool true_member(const JsonValue* object, std::string_view camel) {
  const auto* value = member(object, camel);
  return value != nullptr && value->IsTrue();
}

std::string bounded_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

}  // namespace batchd::proto
