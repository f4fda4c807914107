// Small JSON documents from outside (answers, admin bodies), read with RapidJSON. The only door to it: everything
// passes the validator first, because RapidJSON alone isn't safe (CVE-2024-38517, deep nesting).
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

using JsonValue = rapidjson::Value;

// A document whose root is an object. A one-element array around that object is taken off: Google adds it at times.
class ControlDocument {
 public:
  static std::optional<ControlDocument> parse(std::string_view text);  // none: not JSON, too deep, or no object
  const JsonValue& root() const { return wrapped_ ? document_[0] : document_; }

 private:
  rapidjson::Document document_;
  bool wrapped_ = false;
};

// The member `camel` (its snake_case form too, as proto3 JSON allows), or null: absent, JSON null, or no object.
const JsonValue* member(const JsonValue* object, std::string_view camel);
const JsonValue* object_member(const JsonValue* object, std::string_view camel);  // null if it isn't an object
std::string text_member(const JsonValue* object, std::string_view camel);         // empty if it isn't a string
// Also of a string of digits, as proto3 JSON writes 64-bit integers.
std::optional<std::int64_t> integer_member(const JsonValue* object, std::string_view camel);
bool true_member(const JsonValue* object, std::string_view camel);

// The first bytes_max bytes of a text, not cutting a UTF-8 character in two.
std::string bounded_text(std::string_view text, std::size_t bytes_max);

}  // namespace batchd::proto
