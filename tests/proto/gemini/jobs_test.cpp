#include <gtest/gtest.h>

#include "core/limits.h"
#include "proto/gemini/status.h"
#include "tests/proto/gemini/texts.h"

namespace batchd::proto {
namespace {

const auto kJobsGemini = make_gemini();
const core::CreateSpec kSpec{
    .lane = {"default", "generateContent", "gemini-2.5-flash"}, .file = "files/b-1", .tag = "batchd-x-1"};
const std::string kName = "batches/leg9wy9p5df66syjxke2eq4xfjqcwp47ejv3";

// An Operation with this metadata and these further members.
std::string operation(const std::string& metadata, const std::string& more = "") {
  return R"({"name":")" + kName +
         R"(","metadata":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch","model":"models/gemini-2.5-flash")" +
         (metadata.empty() ? "" : "," + metadata) + "}" + more + "}";
}
const std::string kPending = operation(
    R"("displayName":"batchd-x-1","inputConfig":{"fileName":"files/b-1"},"createTime":"2026-01-06T11:09:11.943530657Z","batchStats":{"requestCount":"2","pendingRequestCount":"2"},"state":"BATCH_STATE_PENDING","name":"batches/leg9wy9p5df66syjxke2eq4xfjqcwp47ejv3")");

TEST(Create, OneShotWithTokenAndFile) {
  Talk talk(kJobsGemini->create(kSpec));
  EXPECT_EQ(talk.call().method, "POST");
  EXPECT_EQ(talk.call().target, "/v1beta/models/gemini-2.5-flash:batchGenerateContent");
  EXPECT_TRUE(talk.call().single_shot);
  EXPECT_EQ(text_of(talk.call()), R"({"batch":{"displayName":"batchd-x-1","inputConfig":{"fileName":"files/b-1"}}})");
  talk.hears(answer(200, kPending));
  ASSERT_NE(talk.outcome(), nullptr);
  EXPECT_EQ(talk.outcome()->name, kName);
  EXPECT_EQ(talk.outcome()->tag, "batchd-x-1");
  EXPECT_EQ(talk.outcome()->input_file, "files/b-1");
  EXPECT_FALSE(talk.outcome()->end.has_value());
}

TEST(Create, Embeddings) {
  auto spec = kSpec;
  spec.lane = {"default", "embedContent", "gemini-embedding-001"};
  Talk talk(kJobsGemini->create(spec));
  EXPECT_EQ(talk.call().target, "/v1beta/models/gemini-embedding-001:asyncBatchEmbedContent");
  EXPECT_TRUE(talk.call().single_shot);
  EXPECT_EQ(text_of(talk.call()), R"({"batch":{"displayName":"batchd-x-1","inputConfig":{"fileName":"files/b-1"}}})");
  talk.hears(answer(
      200, R"({"name":")" + kName +
               R"(","metadata":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.EmbedContentBatch",)"
               R"("model":"models/gemini-embedding-001","displayName":"batchd-x-1","state":"BATCH_STATE_PENDING"}})"));
  ASSERT_NE(talk.outcome(), nullptr);
  EXPECT_EQ(talk.outcome()->name, kName);
}

TEST(Create, AModelThatDoesntEmbedMustBeAskedFor) {
  auto spec = kSpec;
  spec.lane = {"default", "embedContent", "gemini-2.5-flash"};
  const auto words =
      "models/gemini-2.5-flash is not found for API version v1beta, or is not supported for asyncBatchEmbedContent. "
      "Call ListModels to see the list of available models and their supported methods.";
  EXPECT_EQ(Talk(kJobsGemini->create(spec)).hears(answer(404, error_body(404, "NOT_FOUND", words))).fault(),
            "unexplained");
}

TEST(Create, TheModelIsEscaped) {
  auto spec = kSpec;
  spec.lane.model = "a/../b?c";
  EXPECT_EQ(Talk(kJobsGemini->create(spec)).call().target, "/v1beta/models/a%2F..%2Fb%3Fc:batchGenerateContent");
}

TEST(Create, OnlyAJobThatIsSurelyOursCounts) {
  const auto fault_of = [](const core::HttpEvent& event) {
    return Talk(kJobsGemini->create(kSpec)).hears(event).fault();
  };
  EXPECT_EQ(fault_of(answer(200, R"({"name":")" + kName + "\"}")), "no fault");
  // it failed at once, but it exists
  EXPECT_EQ(fault_of(answer(200, operation("", R"(,"done":true,"error":{"code":3,"message":"no"})"))), "no fault");
  for (const std::string body :
       {"", "{}", "<html>", R"({"name":"batches/"})", R"({"name":"batches/../models"})", R"({"name":"batches/a\r\nb"})",
        R"({"name":"https://evil/batches/a"})", R"({"name":5})", R"({"name":"operations/abc"})"})
    EXPECT_EQ(fault_of(answer(200, body)), "unclear") << body;
  EXPECT_EQ(fault_of(answer(200, R"({"name":"batches/)" + std::string(10'000, 'a') + "\"}")), "unclear");
  EXPECT_EQ(fault_of(answer(200, operation(R"("displayName":"another")"))), "unclear");
  EXPECT_EQ(fault_of(answer(200, kPending.substr(0, kPending.size() / 2))), "unclear");
  EXPECT_EQ(fault_of(no_answer()), "unclear");
  EXPECT_EQ(fault_of(not_sent()), "not_sent");
  EXPECT_EQ(fault_of(not_whole()), "not_sent");
  EXPECT_EQ(fault_of(early(answer(200, operation(R"("displayName":"another")")))), "not_sent");
}

struct Shown {
  std::string body;
  std::optional<core::JobEnd> end;
  bool running = false;
  int error_code = 0;
  std::string result_file = "";
};

TEST(Poll, States) {
  using core::JobEnd;
  const std::string out = R"("output":{"responsesFile":"files/batch-o08h"})";
  const std::vector<Shown> table{
      {kPending, {}},
      {operation(R"("state":"BATCH_STATE_RUNNING")"), {}, true},
      {operation(R"("state":"JOB_STATE_RUNNING")"), {}, true},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED",)" + out,
                 R"(,"done":true,"response":{"responsesFile":"files/batch-o08h"})"),
       JobEnd::succeeded, false, 0, "files/batch-o08h"},
      {operation(R"("state":"JOB_STATE_SUCCEEDED","output":{"responses_file":"files/batch-o08h"})"), JobEnd::succeeded,
       false, 0, "files/batch-o08h"},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED")",
                 R"(,"done":true,"response":{"responsesFile":"files/batch-o08h"})"),
       JobEnd::succeeded, false, 0, "files/batch-o08h"},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED")", R"(,"done":true)"), JobEnd::succeeded},
      {operation(R"("state":"BATCH_STATE_FAILED")", R"(,"done":true,"error":{"code":13,"message":"m"})"),
       JobEnd::failed, false, 13},
      {operation(R"("state":"BATCH_STATE_FAILED")", R"(,"done":true)"), JobEnd::failed},
      {operation(R"("state":"BATCH_STATE_CANCELLED",)" + out,
                 R"(,"done":true,"error":{"code":1,"message":"The operation was cancelled."})"),
       JobEnd::cancelled, false, 1, "files/batch-o08h"},
      {operation(R"("state":"BATCH_STATE_EXPIRED")", R"(,"done":true,"error":{"code":4,"message":"m"})"),
       JobEnd::expired, false, 4},
      // embeddings: their output was seen under two types, one of them the batch itself
      {operation(R"("state":"BATCH_STATE_SUCCEEDED")",
                 R"(,"done":true,"response":{"@type":"x.EmbedContentBatchOutput","responsesFile":"files/batch-o08h"})"),
       JobEnd::succeeded, false, 0, "files/batch-o08h"},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED")",
                 R"(,"done":true,"response":{"@type":"x.EmbedContentBatch",)" + out + "}"),
       JobEnd::succeeded, false, 0, "files/batch-o08h"},
      // the results themselves, which are left out when a job is read; a file of them counts more
      {operation(R"("state":"BATCH_STATE_SUCCEEDED","output":{"inlinedResponses":true})"), JobEnd::succeeded, false, 0,
       kName},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED","output":{"inlinedResponses":{"inlinedResponses":[]}})"),
       JobEnd::succeeded, false, 0, kName},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED")", R"(,"done":true,"response":{"inlinedResponses":true})"),
       JobEnd::succeeded, false, 0, kName},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED")",
                 R"(,"done":true,"response":{"output":{"inlinedEmbedContentResponses":{"inlinedResponses":true}}})"),
       JobEnd::succeeded, false, 0, kName},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED","output":{"inlinedResponses":true})",
                 R"(,"response":{"responsesFile":"files/r"})"),
       JobEnd::succeeded, false, 0, "files/r"},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED","output":{"inlinedResponses":null})"), JobEnd::succeeded},
      {R"({"name":")" + kName + R"(","state":"BATCH_STATE_SUCCEEDED","output":{"inlinedResponses":true}})",
       JobEnd::succeeded, false, 0, kName},
      // unknown states have not ended
      {operation(R"("state":"BATCH_STATE_PAUSED")"), {}},
      {operation(R"("state":"BATCH_STATE_PAUSED")", R"(,"done":true,"response":{})"), {}},
      {operation(R"("state":7)"), {}},
      {operation("", R"(,"done":true)"), {}},
      {operation("", R"(,"done":"true","response":{})"), {}},
      // no state: what a done operation carries decides
      {operation("", R"(,"done":true,"error":{"code":3,"message":"m"})"), JobEnd::failed, false, 3},
      {operation(R"("state":"BATCH_STATE_UNSPECIFIED")", R"(,"done":true,"response":{"responsesFile":"files/r"})"),
       JobEnd::succeeded, false, 0, "files/r"},
      // names that must not be followed
      {operation(R"("state":"BATCH_STATE_SUCCEEDED","output":{"responsesFile":"files/../x"})"), JobEnd::succeeded},
      {operation(R"("state":"BATCH_STATE_SUCCEEDED","output":{"responsesFile":"https://evil/files/x"})"),
       JobEnd::succeeded},
      // codes as strings, beyond 32 bits
      {operation(R"("state":"BATCH_STATE_FAILED")", R"(,"error":{"code":"8","message":"m"})"), JobEnd::failed, false,
       8},
      {operation(R"("state":"BATCH_STATE_FAILED")", R"(,"error":{"code":99999999999,"message":"m"})"), JobEnd::failed,
       false, 13},
      // the bare resource, and the array around it
      {R"({"name":")" + kName + R"(","state":"BATCH_STATE_RUNNING"})", {}, true},
      {"[" + operation(R"("state":"BATCH_STATE_RUNNING")") + "]", {}, true},
  };
  for (const auto& row : table) {
    Talk talk(kJobsGemini->poll(kName));
    EXPECT_EQ(talk.call().target, "/v1beta/" + kName);
    talk.hears(answer(200, row.body));
    ASSERT_NE(talk.outcome(), nullptr) << row.body;
    EXPECT_EQ(talk.outcome()->end, row.end) << row.body;
    EXPECT_EQ(talk.outcome()->running, row.running) << row.body;
    const auto& error = talk.outcome()->error;
    EXPECT_EQ(error ? error->code : 0, row.error_code) << row.body;
    const std::vector<std::string> results(row.result_file.empty() ? 0 : 1, row.result_file);
    EXPECT_EQ(talk.outcome()->results, results) << row.body;
  }
}

core::JobView polled(const std::string& body) {
  Talk talk(kJobsGemini->poll(kName));
  talk.hears(answer(200, body));
  return talk.outcome() == nullptr ? core::JobView{} : *talk.outcome();
}

TEST(Poll, WhyItFailed) {
  for (int code = 0; code <= 17; ++code) {
    const auto error = R"({"code":)" + std::to_string(code) + R"(,"message":"m"})";
    const auto job = polled(operation(R"("state":"BATCH_STATE_FAILED")", R"(,"done":true,"error":)" + error));
    const bool trouble = code == 4 || code == 8 || code == 13 || code == 14;
    EXPECT_EQ(job.failed_for, trouble ? core::FailedFor::trouble : core::FailedFor::refused) << code;
    EXPECT_TRUE(job.refused.empty());
    ASSERT_TRUE(job.error) << code;
    const int shown = code == 0 ? 13 : code;
    EXPECT_EQ(job.error->code, shown);
    EXPECT_EQ(job.error->status, grpc_status(shown));
    EXPECT_EQ(job.error->kind, error_class(shown));
    EXPECT_EQ(job.error->message, "m");
    EXPECT_EQ(job.error->body, error);
    EXPECT_EQ(job.error->source, core::ErrorSource::provider);
  }
}

// A file that is read only when the job starts is refused like one that is read at the create.
TEST(Poll, LinesThatItFailedFor) {
  const auto failed = [](const std::string& error, const std::string& more = "") {
    return polled(operation(R"("state":"BATCH_STATE_FAILED")" + more, R"(,"done":true,"error":)" + error));
  };
  const auto named = failed(R"({"code":3,"message":"Error on line 2: x, near column 4: 'y'\nError on line 5: z"})");
  EXPECT_EQ(named.failed_for, core::FailedFor::lines);
  ASSERT_EQ(named.refused.size(), 2U);
  EXPECT_EQ(named.refused[0].line, 2);
  EXPECT_EQ(named.refused[0].error.message, "x: 'y'");
  EXPECT_EQ(named.refused[1].line, 5);
  ASSERT_TRUE(named.error);
  EXPECT_EQ(named.error->message.find("line 2"), std::string::npos) << named.error->message;
  EXPECT_EQ(named.error->body, "");
  // with results, or for the provider's own trouble, nothing is read of lines
  const std::string lines = R"("message":"Error on line 2: x"})";
  EXPECT_TRUE(failed("{\"code\":3," + lines, R"(,"output":{"responsesFile":"files/r"})").refused.empty());
  EXPECT_TRUE(failed("{\"code\":13," + lines).refused.empty());
  EXPECT_EQ(failed("{\"code\":13," + lines).failed_for, core::FailedFor::trouble);
  const auto odd = failed(R"({"code":3,"message":"bad request at line 7, column 3"})");
  EXPECT_EQ(odd.failed_for, core::FailedFor::refused);
  EXPECT_EQ(odd.error->message, "bad request");
}

TEST(Poll, TheErrorAsItCame) {
  const auto body_of = [](const std::string& body) {
    const auto job = polled(body);
    return job.error ? job.error->body : "none";
  };
  const std::string odd = R"({ "message" : "\u0061\"}{" , "code":13,
    "details":[ {"n":1.50} ]})";
  EXPECT_EQ(body_of(operation("", R"(,"done":true,"error" : )" + odd + " ")), odd);
  EXPECT_EQ(body_of(" [ " + operation("", R"(,"error":)" + odd) + " ] "), odd);
  EXPECT_EQ(body_of(operation(R"("error":)" + odd)), odd);
  EXPECT_EQ(body_of(R"({"error":)" + odd + R"(,"name":")" + kName + R"(","state":"BATCH_STATE_FAILED"})"), odd);
  // the operation's own counts more than the batch's, whose code is kept if it has none
  const auto both = polled(operation(R"("error":{"code":8,"message":"x"})", R"(,"error":{"message":"y"})"));
  EXPECT_EQ(both.error->body + both.error->message + std::to_string(both.error->code), R"({"message":"y"}y8)");
  EXPECT_EQ(body_of(operation("", R"(,"error":null)")), "none");
  EXPECT_EQ(body_of(operation("", R"(,"error":"text")")), "none");
  EXPECT_EQ(body_of(kPending), "none");
  const auto padded = [](std::size_t bytes) { return R"({"code":13,"x":")" + std::string(bytes - 18, 'x') + "\"}"; };
  const auto longest = padded(core::kProviderErrorBytesMax);
  ASSERT_EQ(longest.size(), core::kProviderErrorBytesMax);
  EXPECT_EQ(body_of(operation("", R"(,"error":)" + longest)), longest);
  EXPECT_EQ(body_of(operation("", R"(,"error":)" + padded(longest.size() + 1))), "");
}

TEST(Poll, WhenItWasCreated) {
  const auto created = [](const std::string& metadata) { return polled(operation(metadata)).created_at; };
  const auto known = std::chrono::sys_days(std::chrono::year(2026) / 1 / 6) + std::chrono::hours(11) +
                     std::chrono::minutes(9) + std::chrono::milliseconds(11'943);
  EXPECT_EQ(created(R"("createTime":"2026-01-06T11:09:11.943530657Z")"), known);
  EXPECT_EQ(created(R"("createTime":"yesterday")"), std::nullopt);
  EXPECT_EQ(created(R"("createTime":5)"), std::nullopt);
  EXPECT_EQ(created(""), std::nullopt);
}

TEST(Poll, AnotherJobOrNoJobChangesNothing) {
  const auto fault_of = [](const core::HttpEvent& event) {
    return Talk(kJobsGemini->poll(kName)).hears(event).fault();
  };
  EXPECT_EQ(fault_of(answer(200, R"({"name":"batches/other","metadata":{"state":"BATCH_STATE_FAILED"}})")),
            "transient");
  EXPECT_EQ(fault_of(answer(200, "{}")), "transient");
  EXPECT_EQ(fault_of(answer(200, "<html>")), "transient");
  EXPECT_EQ(fault_of(answer(404, error_body(404, "NOT_FOUND", "Requested entity was not found."))), "missing");
  EXPECT_EQ(fault_of(answer(503)), "transient");
}

TEST(Poll, ResultsInTheJobAreNotRead) {
  EXPECT_EQ(Talk(kJobsGemini->poll(kName)).call().left_out, "inlinedResponses");
  EXPECT_EQ(Talk(kJobsGemini->create(kSpec)).call().left_out, "inlinedResponses");
  EXPECT_EQ(Talk(kJobsGemini->survey("b")).call().left_out, "inlinedResponses");
}

// Said of a job that the key doesn't see, and of a key that sees nothing.
TEST(Poll, A403IsExplainedByAListing) {
  Talk talk(kJobsGemini->poll(kName));
  talk.hears(answer(403, kNoKey));
  EXPECT_EQ(talk.call().target, "/v1beta/batches?pageSize=100");
  EXPECT_EQ(talk.hears(answer(200, R"({"operations":[{"name":"batches/other"}]})")).fault(), "missing");
  const auto after = [](const core::HttpEvent& listing) {
    return Talk(kJobsGemini->poll(kName)).hears(answer(403, kNoKey)).hears(listing).fault();
  };
  EXPECT_EQ(after(answer(403, kNoKey)), "account");
  EXPECT_EQ(after(answer(200, "{\"operations\":[" + kPending + "]}")), "transient");
  EXPECT_EQ(Talk(kJobsGemini->poll(kName)).hears(answer(403, kDisabled)).fault(), "account");
  Talk cancel(kJobsGemini->cancel(kName));
  EXPECT_EQ(cancel.hears(answer(403, kNoKey)).hears(answer(200, "{}")).fault(), "no fault");
}

}  // namespace
}  // namespace batchd::proto
