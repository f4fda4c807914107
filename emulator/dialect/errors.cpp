#include "emulator/dialect/errors.h"

#include "proto/json/write.h"

namespace batchd::emulator {

std::string_view status_name(int http_status) {
  switch (http_status) {
    case 400:
      return "INVALID_ARGUMENT";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ALREADY_EXISTS";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 499:
      return "CANCELLED";
    case 500:
      return "INTERNAL";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
  }
  return "UNKNOWN";
}

std::string_view usual_message(int http_status) {
  switch (http_status) {
    case 400:
      return "Request contains an invalid argument.";
    case 403:
      return "The caller does not have permission";
    case 404:
      return "Requested entity was not found.";
    case 429:
      return "Resource has been exhausted (e.g. check quota).";
    case 500:
      return "An internal error has occurred. Please retry or report in "
             "https://developers.generativeai.google/guide/troubleshooting";
    case 503:
      return "The model is overloaded. Please try again later.";
    case 504:
      return "Deadline expired before operation could be completed.";
  }
  return "The request could not be served.";
}

std::string_view reason_phrase(int http_status) {
  switch (http_status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 409:
      return "Conflict";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
  }
  return "Error";
}

Response error_as(std::string_view status, int http_status, std::string_view message, std::string_view details_json) {
  std::string body;
  json::Writer w(body);
  w.begin_object();
  w.key("error");
  w.begin_object();
  w.key("code");
  w.number(http_status);
  w.key("message");
  w.string(message);
  w.key("status");
  w.string(status);
  if (!details_json.empty()) {
    w.key("details");
    w.raw(details_json);
  }
  w.end_object();
  w.end_object();
  return json_text(http_status, std::move(body));
}

Response google_error(int http_status, std::string_view message, std::string_view details_json) {
  return error_as(status_name(http_status), http_status, message, details_json);
}

Response failed_precondition(std::string_view message) { return error_as("FAILED_PRECONDITION", 400, message, {}); }

Response no_billing() {
  return failed_precondition(
      "Gemini API free tier is not available in your country. Please enable billing on your project in Google AI "
      "Studio.");
}

Response no_location() { return failed_precondition("User location is not supported for the API use."); }

Response storage_full(std::uint64_t bytes_max) {
  const auto limit = std::to_string(bytes_max);
  constexpr std::string_view kMetric = "generativelanguage.googleapis.com/file_storage_bytes";
  const auto message =
      "You exceeded your current quota, please check your plan and billing details. For more information on this "
      "error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: " +
      std::string(kMetric) + ", limit: " + limit;
  const auto details =
      R"([{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":")" +
      std::string(kMetric) + R"(","quotaId":"FileStorageBytesPerProject","quotaValue":")" + limit +
      R"("}]},{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about Gemini API )"
      R"(quotas","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]}])";
  return google_error(429, message, details);
}

Response no_key() {
  return google_error(403,
                      "Method doesn't allow unregistered callers (callers without established identity). Please use "
                      "API Key or other form of API consumer identity to call this API.");
}

Response bad_key() {
  constexpr std::string_view kMessage = "API key not valid. Please pass a valid API key.";
  return google_error(
      400, kMessage,
      R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com",)"
      R"("metadata":{"service":"generativelanguage.googleapis.com"}},)"
      R"({"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"en-US",)"
      R"("message":"API key not valid. Please pass a valid API key."}])");
}

Response no_such_file(std::string_view file_id) {
  return google_error(
      403, "You do not have permission to access the File " + std::string(file_id) + " or it may not exist.");
}

Response not_active(std::string_view file_id) {
  return failed_precondition("The File " + std::string(file_id) +
                             " is not in an ACTIVE state and usage is not allowed.");
}

Response no_such_entity() { return google_error(404, usual_message(404)); }

Response no_such_model(std::string_view model, std::string_view version, std::string_view method) {
  return google_error(404, "models/" + std::string(model) + " is not found for API version " + std::string(version) +
                               ", or is not supported for " + std::string(method) +
                               ". Call ListModels to see the list of available models and their supported methods.");
}

Response payload_too_large(std::uint64_t bytes_max) {
  return google_error(400, "Request payload size exceeds the limit: " + std::to_string(bytes_max) + " bytes.");
}

Response not_json(std::string_view why) {
  return google_error(400, "Invalid JSON payload received. " + std::string(why));
}

}  // namespace batchd::emulator
