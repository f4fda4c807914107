// Every row of "What the answer to the create call proves" (docs/architecture.md) and of the known errors of the Gemini
// API, in the words that were seen.
#include "proto/gemini/classify.h"

#include <gtest/gtest.h>

#include "tests/proto/gemini/texts.h"

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

class Classify : public testing::TestWithParam<AnswerRow> {};

TEST_P(Classify, AnswerRow) {
  const auto& [call, event, kind] = GetParam();
  EXPECT_EQ(core::to_text(classify(call, event).kind), kind);
}

// An answer that came before the whole request was written leaves no doubt about a create, and changes nothing else.
TEST_P(Classify, AnswerRowThatCameEarly) {
  auto [call, event, kind] = GetParam();
  if (event.kind != core::HttpEvent::Kind::answer) return;
  const bool doubtful = call == CallKind::create && kind == "unclear";
  EXPECT_EQ(core::to_text(classify(call, early(event)).kind), doubtful ? "not_sent" : kind);
}

TEST(ClassifyFault, HalfARequestIsNoCreate) {
  EXPECT_EQ(core::to_text(classify(CallKind::create, not_whole()).kind), "not_sent");
  EXPECT_EQ(classify(CallKind::create, not_whole()).message, "reset while sending");
  for (const auto call :
       {CallKind::upload_start, CallKind::upload_data, CallKind::find, CallKind::poll, CallKind::results,
        CallKind::cancel, CallKind::check_file, CallKind::remove_file, CallKind::check_account})
    EXPECT_EQ(core::to_text(classify(call, not_whole()).kind), "transient") << static_cast<int>(call);
}

INSTANTIATE_TEST_SUITE_P(
    Create, Classify,
    testing::Values(
        AnswerRow{CallKind::create, not_sent(), "not_sent"}, AnswerRow{CallKind::create, no_answer(), "unclear"},
        // refusals
        AnswerRow{CallKind::create, answer(429, kQuota), "throttled"},
        AnswerRow{CallKind::create, answer(429, "[" + kQuota + "]"), "throttled"},
        AnswerRow{CallKind::create, answer(400, kBadKey), "account"},
        AnswerRow{
            CallKind::create,
            answer(400, error_body(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.",
                                   R"([{"@type":"x"},{"@type":"google.rpc.ErrorInfo","reason":"API_KEY_EXPIRED"}])")),
            "account"},
        AnswerRow{CallKind::create, answer(403, kDisabled), "account"},
        AnswerRow{CallKind::create, answer(200, kDisabled), "account"},
        AnswerRow{CallKind::create,
                  answer(401, error_body(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")),
                  "account"},
        AnswerRow{CallKind::create, answer(401, "denied"), "account"},
        // the file, the model, what a request names, or the account: only asking can tell
        AnswerRow{CallKind::create, answer(400, kLocation), "unexplained"},
        AnswerRow{CallKind::create, answer(400, kBilling), "unexplained"},
        AnswerRow{CallKind::create, answer(400, kNotActive), "unexplained"},
        AnswerRow{CallKind::create, answer(400, error_body(400, "FAILED_PRECONDITION", "Precondition check failed.")),
                  "unexplained"},
        AnswerRow{CallKind::create, answer(403, kNoKey), "unexplained"},
        AnswerRow{CallKind::create,
                  answer(403, error_body(403, "PERMISSION_DENIED", "Your API key was reported as leaked.")),
                  "unexplained"},
        AnswerRow{CallKind::create, answer(403, kFile403), "unexplained"},
        AnswerRow{CallKind::create, answer(403, kCache403), "unexplained"},
        AnswerRow{CallKind::create, answer(404, kModel), "unexplained"},
        AnswerRow{CallKind::create, answer(404, kEntity404), "unexplained"},
        AnswerRow{CallKind::create, answer(404, error_body(404, "NOT_FOUND", "File files/0abc-1 not found.")),
                  "unexplained"},
        AnswerRow{CallKind::create, answer(200, kModel), "unexplained"},
        AnswerRow{CallKind::create, answer(200, kLocation), "unexplained"},
        AnswerRow{CallKind::create, answer(400, kLines), "lines_refused"},
        AnswerRow{CallKind::create, answer(400, kInvalid), "refused"},
        AnswerRow{CallKind::create, answer(400, "[" + kInvalid + "]"), "refused"},
        AnswerRow{
            CallKind::create,
            answer(400, error_body(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes.")),
            "refused"},
        // words that may be quoted from a request decide nothing
        AnswerRow{CallKind::create, answer(400, error_body(400, "INVALID_ARGUMENT", "files/0abc-1 has expired")),
                  "refused"},
        AnswerRow{CallKind::create,
                  answer(400, error_body(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")),
                  "refused"},
        AnswerRow{
            CallKind::create,
            answer(400, error_body(400, "INVALID_ARGUMENT", "no such field: 'Error on line 1: Error on line 2: '")),
            "refused"},
        AnswerRow{CallKind::create, answer(400, error_body(400, "INVALID_ARGUMENT", "Unsupported MIME type: a")),
                  "refused"},
        AnswerRow{CallKind::create,
                  answer(400, error_body(400, "INVALID_ARGUMENT", "x",
                                         R"([{"@type":"google.rpc.BadRequest","reason":"API_KEY_INVALID"}])")),
                  "refused"},
        AnswerRow{CallKind::create,
                  answer(400, error_body(400, "INVALID_ARGUMENT", "x",
                                         R"([{"@type":"google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED"}])")),
                  "refused"},
        AnswerRow{CallKind::create, answer(413, kHtml), "too_large"},
        AnswerRow{CallKind::create, answer(413), "too_large"},
        // a refusal inside a 2xx, if nothing speaks for a job
        AnswerRow{CallKind::create, answer(200, kInvalid), "refused"},
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
        AnswerRow{CallKind::create, answer(400, error_body(400, "OUT_OF_RANGE", "Error on line 1: x")), "unclear"},
        AnswerRow{CallKind::create,
                  answer(500, error_body(500, "INTERNAL", "x",
                                         R"([{"@type":"google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}])")),
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
        AnswerRow{CallKind::upload_start, answer(400, kInvalid), "variant_refused"},
        AnswerRow{CallKind::upload_data, answer(400, kInvalid, {{"X-Goog-Upload-Status", "final"}}), "variant_refused"},
        AnswerRow{CallKind::upload_data,
                  answer(400, error_body(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")),
                  "variant_refused"},
        AnswerRow{CallKind::upload_start,
                  answer(400, error_body(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")),
                  "account"},
        AnswerRow{CallKind::upload_start, answer(400, error_body(400, "OUT_OF_RANGE", "no")), "refused"},
        AnswerRow{CallKind::upload_start, answer(400, kLocation), "account"},
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
    testing::Values(AnswerRow{CallKind::poll, no_answer(), "transient"},
                    AnswerRow{CallKind::poll, answer(500, kInternal), "transient"},
                    AnswerRow{CallKind::poll, answer(408), "transient"},
                    AnswerRow{CallKind::poll, answer(302), "transient"},
                    AnswerRow{CallKind::poll, answer(200, kHtml), "transient"},
                    AnswerRow{CallKind::poll, answer(200, kInternal), "transient"},
                    AnswerRow{CallKind::poll, answer(429, kQuota), "throttled"},
                    AnswerRow{CallKind::find, answer(429), "throttled"},
                    AnswerRow{CallKind::poll,
                              answer(404, error_body(404, "NOT_FOUND", "Requested entity was not found.")), "missing"},
                    AnswerRow{CallKind::poll, answer(404, kHtml), "transient"},
                    AnswerRow{CallKind::find, answer(404, kModel), "transient"},
                    // a listing finds out what these mean (is_forbidden)
                    AnswerRow{CallKind::check_file, answer(403, kFile403), "account"},
                    AnswerRow{CallKind::check_file, answer(200, kFile403), "account"},
                    AnswerRow{CallKind::check_file, answer(404, kEntity404), "missing"},
                    AnswerRow{CallKind::check_model, answer(404, kModel), "missing"},
                    AnswerRow{CallKind::check_model, answer(404, kHtml), "transient"},
                    AnswerRow{CallKind::check_reference, answer(404, kEntity404), "missing"},
                    AnswerRow{CallKind::check_reference, answer(403, kDisabled), "account"},
                    // trouble of the key must never look like "the file is gone"
                    AnswerRow{CallKind::check_file, answer(403, kNoKey), "account"},
                    AnswerRow{CallKind::check_file, answer(400, kBadKey), "account"},
                    AnswerRow{CallKind::check_file,
                              answer(403, error_body(403, "PERMISSION_DENIED", "The caller does not have permission")),
                              "account"},
                    AnswerRow{CallKind::check_file, answer(403, kHtml), "transient"},
                    AnswerRow{CallKind::check_file, answer(404, "gone"), "transient"},
                    AnswerRow{CallKind::remove_file, answer(403, kFile403), "account"},
                    AnswerRow{CallKind::results, answer(404, kModel), "missing"},
                    AnswerRow{CallKind::results, answer(400, kInvalid), "refused"},
                    AnswerRow{CallKind::check_account, answer(400, kBadKey), "account"},
                    AnswerRow{CallKind::check_account, answer(403, kFile403), "account"},
                    AnswerRow{CallKind::check_account, answer(400, kLocation), "account"},
                    AnswerRow{CallKind::find, answer(403, kNoKey), "account"}));

}  // namespace
}  // namespace batchd::proto
