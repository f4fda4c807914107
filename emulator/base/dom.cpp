#include "emulator/base/dom.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "proto/json/validator.h"

namespace batchd::emulator {
namespace {

constexpr json::ValidatorLimits kLimits{.depth_max = 100, .plain_numbers = true};

}  // namespace

bool parse(std::string_view text, Document& document, DomFault& fault) {
  json::JsonFault json_fault;
  if (!json::validate(text, kLimits, &json_fault)) {
    fault = {json_fault.offset, json_fault.what};
    return false;
  }
  document.Parse(text.data(), text.size());
  if (document.HasParseError()) {
    fault = {document.GetErrorOffset(), "a value out of range"};
    return false;
  }
  return true;
}

const Value* member(const Value& object, const char* camel, const char* snake) {
  if (!object.IsObject()) return nullptr;
  for (const char* name : {camel, snake}) {
    if (!name) continue;
    const auto found = object.FindMember(name);
    if (found != object.MemberEnd() && !found->value.IsNull()) return &found->value;
  }
  return nullptr;
}

std::string_view text(const Value& string) {
  return string.IsString() ? std::string_view(string.GetString(), string.GetStringLength()) : std::string_view();
}

std::string_view text(const Value& object, const char* camel, const char* snake) {
  const auto* found = member(object, camel, snake);
  return found ? text(*found) : std::string_view();
}

std::string to_json(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace batchd::emulator
