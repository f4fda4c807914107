// Control documents as trees. Everything passes json::Validator first: RapidJSON alone is not safe with foreign bytes.
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

// False: not one JSON value.
bool parse(std::string_view text, Document& document, DomFault& fault);

// proto3 JSON takes both spellings of a field. Null if there is none (or it is null, which means the same).
const Value* member(const Value& object, const char* camel, const char* snake = nullptr);
// Empty if there is none or it is no string.
std::string_view text(const Value& object, const char* camel, const char* snake = nullptr);
std::string_view text(const Value& string);
std::string to_json(const Value& value);

}  // namespace batchd::emulator
