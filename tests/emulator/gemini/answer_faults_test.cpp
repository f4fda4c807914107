// Faults in an answer's text.
#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

TEST(AnswerFaults, Html) {
  Provider provider(
      fault_rules(R"({"on":"models","nth":1,"do":"html"},{"on":"models","nth":2,"do":"html","status":200})"));
  const auto gateway = provider.call("GET", "/v1beta/models");
  EXPECT_EQ(gateway.status, 502);
  EXPECT_TRUE(gateway.headers.at("content-type").starts_with("text/html"));
  EXPECT_TRUE(gateway.body.starts_with("<!DOCTYPE html>"));
  const auto portal = provider.call("GET", "/v1beta/models");
  EXPECT_EQ(portal.status, 200);
  EXPECT_TRUE(portal.body.starts_with("<!DOCTYPE html>"));
}

TEST(AnswerFaults, AnErrorInA200) {
  Provider provider(
      fault_rules(R"({"on":"any","do":"error_in_200","status":400,"message":"Unsupported MIME type: jsonl"})"));
  const auto reply = provider.call("POST", "/upload/v1beta/files", "{}");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body,
            R"({"error":{"code":400,"message":"Unsupported MIME type: jsonl","status":"INVALID_ARGUMENT"}})");
}

TEST(AnswerFaults, EmptyBody) {
  Provider provider(fault_rules(R"({"on":"models","do":"empty_body"})"));
  const auto reply = provider.call("GET", "/v1beta/models");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "");
}

TEST(AnswerFaults, Quota) {
  Provider provider(fault_rules(R"({"on":"upload_start","do":"quota"})"));
  const auto reply = provider.call("POST", "/upload/v1beta/files", "{}");
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(at(reply.body, "error.status"), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(at(reply.body, "error.details.0.@type"), "type.googleapis.com/google.rpc.Help");
  EXPECT_FALSE(reply.headers.contains("retry-after"));
}

TEST(AnswerFaults, Redirects) {
  Provider provider(fault_rules(R"({"on":"get","nth":1,"do":"redirect"},)"
                                R"({"on":"get","do":"redirect","status":307,"to":""})"));
  const auto elsewhere = provider.call("GET", "/v1beta/batches/x");
  EXPECT_EQ(elsewhere.status, 302);
  EXPECT_EQ(elsewhere.headers.at("location"), "http://other.invalid/v1beta/batches/x");
  const auto loop = provider.call("GET", "/v1beta/batches/x?a=b");
  EXPECT_EQ(loop.status, 307);
  EXPECT_EQ(loop.headers.at("location"), "/v1beta/batches/x?a=b");
}

TEST(AnswerFaults, Headers) {
  Provider provider(fault_rules(R"({"on":"models","do":"header","name":"Retry-After","text":"1000000000"})"));
  EXPECT_EQ(provider.call("GET", "/v1beta/models").headers.at("retry-after"), "1000000000");
}

TEST(AnswerFaults, RetryAfter) {
  Provider provider(fault_rules(
      R"({"on":"models","nth":1,"do":"status","status":429,"retry_after":"1000000000"},)"
      R"({"on":"models","nth":2,"do":"quota","retry_after":"-1"},{"on":"models","do":"status","status":503})"));
  EXPECT_EQ(provider.call("GET", "/v1beta/models").headers.at("retry-after"), "1000000000");
  EXPECT_EQ(provider.call("GET", "/v1beta/models").headers.at("retry-after"), "-1");
  EXPECT_FALSE(provider.call("GET", "/v1beta/models").headers.contains("retry-after"));
}

TEST(AnswerFaults, UploadStatusMissing) {
  Provider provider(fault_rules(R"({"on":"upload_chunk","do":"header","name":"X-Goog-Upload-Status","text":""})"));
  const auto reply = provider.chunk(provider.start_upload(), "upload, finalize", 0, "x");
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.headers.contains("x-goog-upload-status"));
}

TEST(AnswerFaults, UploadUrlElsewhere) {
  Provider provider(fault_rules(R"({"on":"upload_start","do":"upload_url_elsewhere"})"));
  const auto reply = provider.call("POST", "/upload/v1beta/files", "{}",
                                   {{"X-Goog-Upload-Protocol", "resumable"}, {"X-Goog-Upload-Command", "start"}});
  EXPECT_TRUE(reply.headers.at("x-goog-upload-url").starts_with("http://other.invalid/upload/"));
}

TEST(AnswerFaults, FilesThatAreNotWhatWasSent) {
  Provider provider(
      fault_rules(R"({"on":"upload_chunk","nth":1,"do":"wrong_hash"},{"on":"upload_chunk","do":"wrong_size"},)"
                  R"({"on":"file_get","nth":1,"do":"wrong_hash"},{"on":"file_get","do":"wrong_size"})"));
  const auto first = provider.chunk(provider.start_upload(), "upload, finalize", 0, "same");
  const auto second = provider.chunk(provider.start_upload(), "upload, finalize", 0, "same");
  EXPECT_EQ(at(first.body, "file.sizeBytes"), "4");
  EXPECT_EQ(at(second.body, "file.sizeBytes"), "1");
  EXPECT_NE(at(first.body, "file.sha256Hash"), at(second.body, "file.sha256Hash"));
  const auto file = "/v1beta/" + at(first.body, "file.name");
  EXPECT_EQ(at(provider.call("GET", file).body, "sha256Hash"), at(first.body, "file.sha256Hash"));
  EXPECT_EQ(at(provider.call("GET", file).body, "sizeBytes"), "1");
}

// One fault, seen in the operation of a job that has ended.
struct EditCase {
  const char* name;
  const char* rule;
  const char* path;
  const char* expected;  // "*": anything that is not there without the fault
};

class OperationFaults : public testing::TestWithParam<EditCase> {};

TEST_P(OperationFaults, InGetListAndCreate) {
  const auto* rule = GetParam().rule;
  const auto* path = GetParam().path;
  const auto* expected = GetParam().expected;
  Provider provider("{}");
  const auto file = provider.upload(line("a", "1"));
  const auto job = provider.create_job(file);
  const auto honest = provider.end_of(job);
  const auto put = [&](const std::string& on) {
    const auto reply = provider.call("POST", "/emulator/faults", fault_rules(R"({"on":")" + on + R"(",)" + rule + "}"));
    EXPECT_EQ(reply.status, 200) << reply.body;
  };
  const auto same = [&](const std::string& json, const std::string& where) {
    if (std::string(expected) == "long") return at(json, where).size() > 10'000;
    return at(json, where) == expected && at(honest, path) != expected;
  };
  put("get");
  const auto got = provider.call("GET", "/v1beta/" + job).body;
  EXPECT_TRUE(same(got, path)) << got;
  put("list");
  const auto list = provider.call("GET", "/v1beta/batches").body;
  EXPECT_TRUE(same(list, "operations.0." + std::string(path))) << list;
  if (std::string(path).find("response") != std::string::npos || std::string(path).find("Stats.s") != std::string::npos)
    return;
  put("create");
  const auto created = provider.create(file).body;
  EXPECT_TRUE(same(created, path)) << created;
}

INSTANTIATE_TEST_SUITE_P(
    All, OperationFaults,
    testing::Values(
        EditCase{"unknown_state", R"("do":"unknown_state")", "metadata.state", "BATCH_STATE_PAUSED"},
        EditCase{"no_state", R"("do":"done_without_state")", "metadata.state", ""},
        EditCase{"huge_counts", R"("do":"huge_counts")", "metadata.batchStats.requestCount", "9007199254740993"},
        EditCase{"huge_counts_2", R"("do":"huge_counts")", "metadata.batchStats.successfulRequestCount",
                 "18446744073709551616"},
        EditCase{"number_counts", R"("do":"number_counts")", "metadata.batchStats.requestCount", "9007199254740993"},
        EditCase{"name_elsewhere", R"("do":"name_elsewhere")", "name", "https://other.invalid/v1beta/files/elsewhere"},
        EditCase{"name_dotdot", R"("do":"name_dotdot")", "name", "files/../../v1beta/models/../files/x"},
        EditCase{"name_crlf", R"("do":"name_crlf")", "metadata.name",
                 "files/x\r\nX-Injected: yes\r\n\r\nGET / HTTP/1.1"},
        EditCase{"name_long", R"("do":"name_long")", "name", "long"},
        EditCase{"output_elsewhere", R"("do":"output_elsewhere")", "response.responsesFile",
                 "https://other.invalid/v1beta/files/elsewhere"},
        EditCase{"output_dotdot", R"("do":"output_dotdot")", "response.responsesFile",
                 "files/../../v1beta/models/../files/x"},
        EditCase{"output_crlf", R"("do":"output_crlf")", "response.responsesFile",
                 "files/x\r\nX-Injected: yes\r\n\r\nGET / HTTP/1.1"},
        EditCase{"output_long", R"("do":"output_long")", "response.responsesFile", "long"},
        EditCase{"no_tokens", R"("do":"no_tokens")", "metadata.displayName", ""}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(AnswerFaults, OtherPrefixAndDoneTooEarly) {
  Provider provider(
      fault_rules(R"({"on":"create","nth":1,"do":"job_state_prefix"},{"on":"create","do":"done_without_state"})"));
  const auto file = provider.upload(line("a", "1"));
  EXPECT_EQ(at(provider.create(file).body, "metadata.state"), "JOB_STATE_PENDING");
  EXPECT_EQ(at(provider.create(file).body, "done"), "true");
}

TEST(AnswerFaults, NumbersAreNotReprinted) {
  Provider provider(
      fault_rules(R"({"on":"get","nth":1,"do":"number_counts"},)"
                  R"({"on":"get","do":"set","path":"metadata.batchStats.requestCount","value":[1,{"a":"b"}]})"));
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  EXPECT_NE(provider.call("GET", "/v1beta/" + job).body.find(R"("requestCount":9007199254740993)"), std::string::npos);
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + job).body, "metadata.batchStats.requestCount"), R"([1,{"a":"b"}])");
}

TEST(AnswerFaults, SetAndUnset) {
  Provider provider(fault_rules(R"({"on":"models","nth":1,"do":"set","path":"models.*.version","value":"x"},)"
                                R"({"on":"models","nth":2,"do":"unset","path":"models"},)"
                                R"({"on":"models","nth":3,"do":"set","path":"models.1.version","value":"y"},)"
                                R"({"on":"models","do":"set","path":"new","value":1.50})"));
  const auto set = provider.call("GET", "/v1beta/models").body;
  EXPECT_EQ(at(set, "models.0.version"), "x");
  EXPECT_EQ(at(set, "models.1.version"), "x");
  EXPECT_EQ(provider.call("GET", "/v1beta/models").body, "{}");
  const auto second = provider.call("GET", "/v1beta/models").body;
  EXPECT_NE(at(second, "models.0.version"), "y");
  EXPECT_EQ(at(second, "models.1.version"), "y");
  EXPECT_EQ(at(provider.call("GET", "/v1beta/models").body, "new"), "1.5");
}

TEST(ListFaults, PagesThatAreEmptyShuffledOrDoubled) {
  Provider provider(
      fault_rules(R"({"on":"list","nth":1,"do":"empty_page"},{"on":"list","nth":2,"do":"empty_page"},)"
                  R"({"on":"list","nth":5,"do":"shuffle_page"},{"on":"list","nth":6,"do":"repeat_rows"})"));
  const auto file = provider.upload(line("a", "1"));
  provider.create_job(file, "old");
  provider.create_job(file, "new");
  const auto list = [&](const std::string& token) {
    return provider.call("GET", "/v1beta/batches?pageSize=1&pageToken=" + token).body;
  };
  const auto empty = list("");
  EXPECT_EQ(at(empty, "operations"), "");
  const auto again = list(at(empty, "nextPageToken"));
  EXPECT_EQ(at(again, "operations"), "");
  const auto first = list(at(again, "nextPageToken"));
  EXPECT_EQ(at(first, "operations.0.metadata.displayName"), "new");
  EXPECT_EQ(at(list(at(first, "nextPageToken")), "operations.0.metadata.displayName"), "old");
  EXPECT_EQ(at(provider.call("GET", "/v1beta/batches").body, "operations.0.metadata.displayName"), "old");
  const auto doubled = provider.call("GET", "/v1beta/batches").body;
  EXPECT_EQ(at(doubled, "operations.0.name"), at(doubled, "operations.1.name"));
  EXPECT_EQ(at(doubled, "operations.3.metadata.displayName"), "old");
}

}  // namespace
}  // namespace batchd::emulator
