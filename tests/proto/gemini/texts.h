// Answers of the Gemini API, in the words that were seen.
#pragma once

#include <string>

#include "tests/proto/gemini/talk.h"

namespace batchd::proto {

inline const std::string kBadKey = error_body(
    400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
    R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}])");
inline const std::string kLocation =
    error_body(400, "FAILED_PRECONDITION", "User location is not supported for the API use.");
inline const std::string kBilling = error_body(
    400, "FAILED_PRECONDITION", "Gemini API free tier is not available in your country. Please enable billing.");
inline const std::string kNoKey =
    error_body(403, "PERMISSION_DENIED",
               "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
               "or other form of API consumer identity to call this API.");
inline const std::string kFile403 =
    error_body(403, "PERMISSION_DENIED", "You do not have permission to access the File 0abc-1 or it may not exist.");
inline const std::string kLines = error_body(
    400, "INVALID_ARGUMENT",
    R"(Error on line 2: invalid JSON, near column 1032: no such field: 'thinking_config'\nError on line 5: invalid JSON)");
inline const std::string kModel =
    error_body(404, "NOT_FOUND",
               "models/gemini-9 is not found for API version v1beta, or is not supported for "
               "batchGenerateContent. Call ListModels");
inline const std::string kQuota =
    error_body(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).");
inline const std::string kInvalid = error_body(400, "INVALID_ARGUMENT", "Request contains an invalid argument.");
inline const std::string kMime = error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: jsonl");
inline const std::string kInternal =
    error_body(500, "INTERNAL", "An internal error has occurred. Please retry or report in https://x");
inline const std::string kHtml = "<html><head><title>413 Request Entity Too Large</title></head></html>";

inline const std::string kDisabled = error_body(
    403, "PERMISSION_DENIED", "Generative Language API has not been used in project 1 before or it is disabled.",
    R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com"}])");
inline const std::string kEntity404 = error_body(404, "NOT_FOUND", "Requested entity was not found.");
inline const std::string kCache403 =
    error_body(403, "PERMISSION_DENIED", "CachedContent not found (or permission denied)");
inline const std::string kNotActive =
    error_body(400, "FAILED_PRECONDITION", "The File 0abc-1 is not in an ACTIVE state and usage is not allowed.");

}  // namespace batchd::proto
