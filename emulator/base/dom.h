// Control documents as trees. All text passes json::Validator first: RapidJSON alone is not safe with foreign bytes.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace batchd::emulator {

using Value = rapidjson::Value;
using Document = rapidjson::Document;

struct DomFault {
  std::uint64_t offset = 0;
  std::string what;
};

// Returns false and sets `fault` if the text is not one JSON value.
bool parse(std::string_view text, Document& document, DomFault& fault);

// Finds a field by either spelling of proto3 JSON. Returns nullptr if it is absent or null, which means the same.
const Value* member(const Value& object, const char* camel, const char* snake = nullptr);
// Returns the field's string; empty if it is absent or not a string.
std::string_view text(const Value& object, const char* camel, const char* snake = nullptr);
std::string_view text(const Value& string);
std::string to_json(const Value& value);

}  // namespace batchd::emulator
