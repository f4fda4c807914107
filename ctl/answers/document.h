// Small JSON as a document. batchctl reaches RapidJSON only through these functions, which run the validator first.
#pragma once

#include <rapidjson/document.h>

#include <optional>
#include <string_view>

namespace batchd::ctl {

using Json = rapidjson::Value;

// Returns nullopt if the text is not valid JSON, or not safe for RapidJSON (deep nesting, long numbers).
std::optional<rapidjson::Document> read_document(std::string_view text);

// Tolerant access: if a member is absent or of another type, these return null, zero or an empty text.
const Json& member(const Json& object, const char* name);
const Json& member(const std::optional<rapidjson::Document>& document, const char* name);
std::string_view text(const Json& value);
std::int64_t number(const Json& value);

}  // namespace batchd::ctl
