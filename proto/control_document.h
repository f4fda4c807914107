// Small JSON documents from outside (answers, bodies of admin calls), read with RapidJSON. Nothing else in proto/ uses
// RapidJSON: every document passes the validator first, because RapidJSON alone isn't safe (CVE-2024-38517, deep
// nesting).
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::proto {

using JsonValue = rapidjson::Value;

// A document whose root is an object. A one-element array around that object is removed: Google adds it at times.
class ControlDocument {
 public:
  // Returns nullopt if `text` isn't JSON, is nested too deeply, or isn't an object.
  static std::optional<ControlDocument> parse(std::string_view text);
  const JsonValue& root() const { return wrapped_ ? document_[0] : document_; }

 private:
  rapidjson::Document document_;
  bool wrapped_ = false;
};

// Returns the member `camel` (its snake_case form is accepted too, as proto3 JSON allows). Returns null if it is absent
// or JSON null, or if `object` is null or no object.
const JsonValue* member(const JsonValue* object, std::string_view camel);
const JsonValue* object_member(const JsonValue* object, std::string_view camel);  // null if it isn't an object
std::string text_member(const JsonValue* object, std::string_view camel);         // empty if it isn't a string
// Returns the member as an integer; a string of digits counts as one, as proto3 JSON writes 64-bit integers. Returns
// nullopt if it is neither.
std::optional<std::int64_t> integer_member(const JsonValue* object, std::string_view camel);
bool true_member(const JsonValue* object, std::string_view camel);

// Returns the first `bytes_max` bytes of the text, or a few less so as not to cut a UTF-8 character in two.
std::string bounded_text(std::string_view text, std::size_t bytes_max);

}  // namespace batchd::proto
