// Every row of "What the answer to the create call proves" (docs/architecture.md) and of the known errors of the Gemini
// API, in the words that were seen.
#include "proto/gemini/classify.h"

#include <gtest/gtest.h>

#include "tests/proto/gemini/talk.h"

namespace batchd::proto {
namespace {

struct AnswerRow {
  CallKind call;
  core::HttpEvent event;
  std::string kind;
};

void PrintTo(const AnswerRow& row, std::ostream* out) {
  *out << "call " << static_cast<int>(row.call) << ", HTTP " << row.event.status << ' ' << row.event.body.substr(0, 200)
       << row.event.detail;
}

const std::string kThing = "files/0abc-1";

class Classify : public testing::TestWithParam<AnswerRow> {};

TEST_P(Classify, AnswerRow) {
  const auto& [call, event, kind] = GetParam();
  EXPECT_EQ(core::to_text(classify(call, event, kThing).kind), kind);
}

// An answer that came before the whole request was written leaves no doubt about a create, and changes nothing else.
TEST_P(Classify, AnswerRowThatCameEarly) {
  auto [call, event, kind] = GetParam();
  if (event.kind != core::HttpEvent::Kind::answer) return;
  const bool doubtful = call == CallKind::create && kind == "unclear";
  EXPECT_EQ(core::to_text(classify(call, early(event), kThing).kind), doubtful ? "not_sent" : kind);
}

TEST(ClassifyFault, HalfARequestIsNoCreate) {
  EXPECT_EQ(core::to_text(classify(CallKind::create, not_whole(), kThing).kind), "not_sent");
  EXPECT_EQ(classify(CallKind::create, not_whole(), kThing).message, "reset while sending");
  for (const auto call :
       {CallKind::upload_start, CallKind::upload_data, CallKind::find, CallKind::poll, CallKind::results,
        CallKind::cancel, CallKind::check_file, CallKind::remove_file, CallKind::check_account})
    EXPECT_EQ(core::to_text(classify(call, not_whole(), kThing).kind), "transient") << static_cast<int>(call);
}

// --- texts seen
const std::string kBadKey = error_body(
    400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
    R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}])");
const std::string kLocation = error_body(400, "FAILED_PRECONDITION", "User location is not supported for the API use.");
const std::string kBilling = error_body(
    400, "FAILED_PRECONDITION", "Gemini API free tier is not available in your country. Please enable billing.");
const std::string kNoKey =
    error_body(403, "PERMISSION_DENIED",
               "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
               "or other form of API consumer identity to call this API.");
const std::string kFile403 =
    error_body(403, "PERMISSION_DENIED", "You do not have permission to access the File 0abc-1 or it may not exist.");
const std::string kLines = error_body(
    400, "INVALID_ARGUMENT",
    R"(Error on line 5: invalid JSON, near column 1032: no such field: 'thinking_config'\nError on line 2: invalid JSON)");
const std::string kModel = error_body(404, "NOT_FOUND",
                                      "models/gemini-9 is not found for API version v1beta, or is not supported for "
                                      "batchGenerateContent. Call ListModels");
const std::string kQuota = error_body(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).");
const std::string kInvalid = error_body(400, "INVALID_ARGUMENT", "Request contains an invalid argument.");
const std::string kMime = error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: jsonl");
const std::string kInternal =
    error_body(500, "INTERNAL", "An internal error has occurred. Please retry or report in https://x");
const std::string kHtml = "<html><head><title>413 Request Entity Too Large</title></head></html>";

INSTANTIATE_TEST_SUITE_P(
    Create, Classify,
    testing::Values(
        AnswerRow{CallKind::create, not_sent(), "not_sent"}, AnswerRow{CallKind::create, no_answer(), "unclear"},
        // refusals
        AnswerRow{CallKind::create, answer(429, kQuota), "throttled"},
        AnswerRow{CallKind::create, answer(429, "[" + kQuota + "]"), "throttled"},
        AnswerRow{CallKind::create, answer(400, kBadKey), "account"},
        AnswerRow{CallKind::create,
                  answer(400, error_body(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.")),
                  "account"},
        AnswerRow{CallKind::create,
                  answer(401, error_body(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")),
                  "account"},
        AnswerRow{CallKind::create, answer(401, "denied"), "account"},
        AnswerRow{CallKind::create, answer(400, kLocation), "account"},
        AnswerRow{CallKind::create, answer(400, kBilling), "account"},
        AnswerRow{CallKind::create, answer(403, kNoKey), "account"},
        AnswerRow{CallKind::create,
                  answer(403, error_body(403, "PERMISSION_DENIED", "Your API key was reported as leaked.")), "account"},
        AnswerRow{CallKind::create, answer(400, kLines), "lines_refused"},
        AnswerRow{CallKind::create, answer(400, kInvalid), "refused"},
        AnswerRow{CallKind::create, answer(400, "[" + kInvalid + "]"), "refused"},
        AnswerRow{
            CallKind::create,
            answer(400, error_body(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.")),
            "refused"},
        AnswerRow{CallKind::create, answer(404, kModel), "model_missing"},
        AnswerRow{CallKind::create, answer(403, kFile403), "file_gone"},
        AnswerRow{CallKind::create, answer(404, error_body(404, "NOT_FOUND", "File files/0abc-1 not found.")),
                  "file_gone"},
        AnswerRow{CallKind::create, answer(400, error_body(400, "INVALID_ARGUMENT", "files/0abc-1 has expired")),
                  "file_gone"},
        AnswerRow{CallKind::create,
                  answer(400, error_body(400, "FAILED_PRECONDITION", "The File 0abc-1 is not in an ACTIVE state")),
                  "file_gone"},
        AnswerRow{CallKind::create, answer(413, kHtml), "too_large"},
        AnswerRow{CallKind::create, answer(413), "too_large"},
        // a refusal inside a 2xx, if nothing speaks for a job
        AnswerRow{CallKind::create, answer(200, kInvalid), "refused"},
        AnswerRow{CallKind::create, answer(200, kModel), "model_missing"},
        AnswerRow{CallKind::create, answer(200, kBadKey), "account"}));

INSTANTIATE_TEST_SUITE_P(
    CreateUnclear, Classify,
    testing::Values(
        AnswerRow{CallKind::create, answer(429, "slow down"), "unclear"},
        AnswerRow{CallKind::create, answer(429, kHtml), "unclear"},
        AnswerRow{CallKind::create, answer(429, "{\"message\":\"quota\"}"), "unclear"},
        AnswerRow{CallKind::create, answer(400, kHtml), "unclear"},
        AnswerRow{CallKind::create, answer(400, error_body(400, "OUT_OF_RANGE", "what")), "unclear"},
        AnswerRow{CallKind::create, answer(403, kHtml), "unclear"},
        AnswerRow{CallKind::create, answer(404, kHtml), "unclear"},
        AnswerRow{CallKind::create, answer(404, error_body(404, "NOT_FOUND", "Requested entity was not found.")),
                  "unclear"},
        AnswerRow{CallKind::create, answer(408), "unclear"},
        AnswerRow{CallKind::create, answer(409, error_body(409, "ABORTED", "conflict")), "unclear"},
        AnswerRow{CallKind::create, answer(422, kInvalid), "unclear"},
        AnswerRow{CallKind::create, answer(500, kInternal), "unclear"},
        AnswerRow{CallKind::create,
                  answer(503, error_body(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")),
                  "unclear"},
        AnswerRow{
            CallKind::create,
            answer(504, error_body(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could be completed.")),
            "unclear"},
        AnswerRow{CallKind::create, answer(302), "unclear"}, AnswerRow{CallKind::create, answer(200, kHtml), "unclear"},
        AnswerRow{CallKind::create, answer(200, ""), "unclear"},
        AnswerRow{CallKind::create, answer(200, "{}"), "unclear"},
        AnswerRow{CallKind::create, answer(200, kQuota), "unclear"},
        AnswerRow{CallKind::create, answer(200, kInternal), "unclear"},
        AnswerRow{CallKind::create,
                  answer(200, R"({"name":"batches/x","error":{"code":400,"status":"INVALID_ARGUMENT","message":"m"}})"),
                  "unclear"},
        AnswerRow{CallKind::create, answer(200, error_body(400, "INTERNAL", "disagrees")), "unclear"},
        AnswerRow{CallKind::create, answer(200, R"({"error":{"code":3,"message":"grpc"}})"), "unclear"}));

INSTANTIATE_TEST_SUITE_P(
    Uploads, Classify,
    testing::Values(
        AnswerRow{CallKind::upload_start, not_sent(), "not_sent"},
        AnswerRow{CallKind::upload_start, no_answer(), "transient"},
        AnswerRow{CallKind::upload_start, answer(400, kMime), "variant_refused"},
        AnswerRow{CallKind::upload_start, answer(200, kMime), "variant_refused"},
        AnswerRow{CallKind::upload_data, answer(200, kMime), "variant_refused"},
        AnswerRow{CallKind::upload_start, answer(400, kInvalid), "refused"},
        AnswerRow{CallKind::upload_start, answer(409, error_body(409, "ALREADY_EXISTS", "taken")), "name_taken"},
        AnswerRow{CallKind::upload_start, answer(400, error_body(400, "ALREADY_EXISTS", "taken")), "name_taken"},
        AnswerRow{CallKind::upload_data, answer(409), "name_taken"},
        AnswerRow{CallKind::upload_start, answer(413, kHtml), "too_large"},
        AnswerRow{CallKind::upload_start, answer(400, kBadKey), "account"},
        AnswerRow{CallKind::upload_start, answer(403, kNoKey), "account"},
        AnswerRow{CallKind::upload_start, answer(401), "account"},
        AnswerRow{CallKind::upload_start, answer(429, kQuota), "throttled"},
        AnswerRow{CallKind::upload_data, answer(429, "slow"), "throttled"},
        AnswerRow{CallKind::upload_data, answer(503), "transient"},
        AnswerRow{CallKind::upload_data, answer(404, "no such upload"), "upload_gone"},
        AnswerRow{CallKind::upload_data, answer(410), "upload_gone"},
        AnswerRow{CallKind::upload_data, answer(499, "Upload cancelled.", {{"X-Goog-Upload-Status", "cancelled"}}),
                  "upload_gone"},
        AnswerRow{CallKind::upload_start, answer(404, kHtml), "transient"},
        AnswerRow{CallKind::upload_data, answer(412), "transient"},
        AnswerRow{CallKind::upload_data, answer(308), "transient"},
        AnswerRow{CallKind::upload_data, answer(400, "wrong offset", {{"X-Goog-Upload-Status", "active"}}),
                  "transient"},
        AnswerRow{CallKind::upload_data, answer(400, "refused", {{"x-goog-upload-status", "final"}}), "refused"}));

INSTANTIATE_TEST_SUITE_P(
    Others, Classify,
    testing::Values(
        AnswerRow{CallKind::poll, no_answer(), "transient"},
        AnswerRow{CallKind::poll, answer(500, kInternal), "transient"},
        AnswerRow{CallKind::poll, answer(408), "transient"}, AnswerRow{CallKind::poll, answer(302), "transient"},
        AnswerRow{CallKind::poll, answer(200, kHtml), "transient"},
        AnswerRow{CallKind::poll, answer(200, kInternal), "transient"},
        AnswerRow{CallKind::poll, answer(429, kQuota), "throttled"},
        AnswerRow{CallKind::find, answer(429), "throttled"},
        AnswerRow{CallKind::poll, answer(404, error_body(404, "NOT_FOUND", "Requested entity was not found.")),
                  "missing"},
        AnswerRow{CallKind::poll, answer(404, kHtml), "transient"},
        AnswerRow{CallKind::find, answer(404, kModel), "transient"},
        AnswerRow{CallKind::check_file, answer(403, kFile403), "missing"},
        AnswerRow{CallKind::check_file, answer(200, kFile403), "missing"},
        AnswerRow{CallKind::check_file,
                  answer(403, error_body(403, "PERMISSION_DENIED",
                                         "You do not have permission to access the File zzz or it may not exist.")),
                  "missing"},
        // trouble of the key must never look like "the file is gone"
        AnswerRow{CallKind::check_file, answer(403, kNoKey), "account"},
        AnswerRow{CallKind::check_file, answer(400, kBadKey), "account"},
        AnswerRow{CallKind::check_file,
                  answer(403, error_body(403, "PERMISSION_DENIED", "The caller does not have permission")), "account"},
        AnswerRow{CallKind::check_file, answer(403, kHtml), "transient"},
        AnswerRow{CallKind::check_file, answer(404, "gone"), "transient"},
        AnswerRow{CallKind::remove_file, answer(403, kFile403), "missing"},
        AnswerRow{CallKind::results, answer(404, kModel), "missing"},
        AnswerRow{CallKind::results, answer(400, kInvalid), "refused"},
        AnswerRow{CallKind::check_account, answer(400, kBadKey), "account"},
        AnswerRow{CallKind::check_account, answer(403, kFile403), "account"},
        AnswerRow{CallKind::check_account, answer(400, kLocation), "account"},
        AnswerRow{CallKind::find, answer(403, kNoKey), "account"}));

std::vector<std::int64_t> numbers_of(const core::Fault& fault) {
  std::vector<std::int64_t> numbers;
  for (const auto& refusal : fault.lines) numbers.push_back(refusal.line);
  return numbers;
}

TEST(ClassifyFault, CarriesLinesWordsAndStatus) {
  const auto lines = classify(CallKind::create, answer(400, kLines), kThing);
  ASSERT_EQ(numbers_of(lines), (std::vector<std::int64_t>{2, 5}));
  const auto& error = lines.lines[0].error;
  EXPECT_TRUE(error.message.starts_with("Error on line 2:")) << error.message;
  EXPECT_EQ(error.message.find("line 5"), std::string::npos);  // it may be another owner's
  EXPECT_EQ(error.body, "");                                   // so may this
  EXPECT_EQ(error.kind, core::ErrorClass::invalid);
  EXPECT_EQ(error.code, 3);
  EXPECT_EQ(error.status, "INVALID_ARGUMENT");
  EXPECT_EQ(error.http_status, 400);
  EXPECT_EQ(error.source, core::ErrorSource::provider);
  EXPECT_EQ(lines.status, 400);
  EXPECT_TRUE(lines.message.starts_with("Error on line 5"));
  EXPECT_EQ(classify(CallKind::create, no_answer(), kThing).message, "reset");
  EXPECT_EQ(classify(CallKind::create, no_answer(), kThing).status, 0);
  EXPECT_EQ(classify(CallKind::poll, answer(502, kHtml), kThing).message, "HTTP 502, not in the provider's form");
}

TEST(ClassifyFault, EveryNamedLineOfALongMessageAndABoundedText) {
  std::string message;
  for (int line = 1; line <= 3000; ++line) message += "Error on line " + std::to_string(line) + ": no such field\\n";
  const auto fault = classify(CallKind::create, answer(400, error_body(400, "INVALID_ARGUMENT", message)), kThing);
  ASSERT_EQ(fault.lines.size(), 3000U);
  EXPECT_EQ(fault.lines.back().line, 3000);
  EXPECT_LE(fault.message.size(), 2000U);
}

TEST(ClassifyFault, OddLineNumbers) {
  const auto lines_of = [](const std::string& message) {
    return numbers_of(classify(CallKind::create, answer(400, error_body(400, "INVALID_ARGUMENT", message)), kThing));
  };
  EXPECT_TRUE(lines_of("Error on line : x").empty());
  EXPECT_TRUE(lines_of("Error on line -3: x").empty());
  EXPECT_TRUE(lines_of("Error on line 0: x").empty());
  EXPECT_TRUE(lines_of("Error on line 99999999999999999999: x").empty());
  EXPECT_EQ(lines_of("Error on line 7: Error on line 7: x"), std::vector<std::int64_t>{7});
}

// Returns the fault, and what the requests' owners are told.
std::string told(CallKind call, const core::HttpEvent& event) {
  const auto fault = classify(call, event, kThing);
  const std::string kind(core::to_text(fault.kind));
  if (!fault.error) return kind + ": nothing";
  EXPECT_EQ(fault.error->message, fault.message);
  // An answer that names lines quotes the requests of all owners.
  EXPECT_EQ(fault.error->body, fault.kind == core::Fault::Kind::lines_refused ? "" : event.body);
  EXPECT_EQ(fault.error->source, core::ErrorSource::provider);
  return kind + ": " + std::string(core::to_text(fault.error->kind)) + ' ' + std::to_string(fault.error->code) + ' ' +
         fault.error->status + ' ' + std::to_string(fault.error->http_status);
}

TEST(ClassifyFault, WhatTheOwnersAreTold) {
  const std::tuple<CallKind, core::HttpEvent, std::string> table[] = {
      {CallKind::create, answer(400, kInvalid), "refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::create, early(answer(400, kInvalid)), "refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::create, answer(400, kLines), "lines_refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::create, answer(404, kModel), "model_missing: not_found 5 NOT_FOUND 404"},
      {CallKind::create, answer(200, kModel), "model_missing: not_found 5 NOT_FOUND 404"},
      {CallKind::create, answer(413, error_body(413, "ABORTED", "x")), "too_large: invalid 3 INVALID_ARGUMENT 413"},
      {CallKind::create, answer(403, kFile403), "file_gone: invalid 3 INVALID_ARGUMENT 403"},
      {CallKind::create, answer(400, kLocation), "account: invalid 9 FAILED_PRECONDITION 400"},
      {CallKind::create, answer(403, error_body(403, "NEW_WORD", "no")), "account: other 0 NEW_WORD 403"},
      {CallKind::create, answer(429, kQuota), "throttled: exhausted 8 RESOURCE_EXHAUSTED 429"},
      {CallKind::upload_start, answer(400, kMime), "variant_refused: invalid 3 INVALID_ARGUMENT 400"},
      {CallKind::upload_start, answer(422, error_body(422, "ABORTED", "x")), "refused: invalid 3 INVALID_ARGUMENT 422"},
      // not in the provider's form, or no refusal
      {CallKind::create, answer(413, kHtml), "too_large: nothing"},
      {CallKind::create, answer(401, "denied"), "account: nothing"},
      {CallKind::create, answer(500, kInternal), "unclear: nothing"},
      {CallKind::create, no_answer(), "unclear: nothing"},
      {CallKind::upload_data, answer(404, kModel), "upload_gone: nothing"},
      {CallKind::poll, answer(503, kInternal), "transient: nothing"}};
  for (const auto& [call, event, what] : table) EXPECT_EQ(told(call, event), what) << event.body;
}

}  // namespace
}  // namespace batchd::proto
