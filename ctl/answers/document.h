// Small JSON as a document. The only way to RapidJSON in this folder: the validator stands in front of it.
#pragma once

#include <rapidjson/document.h>

#include <optional>
#include <string_view>

namespace batchd::ctl {

using Json = rapidjson::Value;

// None: not valid, or not safe for RapidJSON (deep nesting, long numbers).
std::optional<rapidjson::Document> read_document(std::string_view text);

// Tolerant access: a member that isn't there, or isn't of the kind, is null, zero or empty.
const Json& member(const Json& object, const char* name);
const Json& member(const std::optional<rapidjson::Document>& document, const char* name);
std::string_view text(const Json& value);
std::int64_t number(const Json& value);

}  // namespace batchd::ctl
