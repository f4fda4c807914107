// The cases that every emulation of the provider must pass, by their numbers, as far as they are the provider's part.
// Case24 is tests/sdk, run with the official packages; case 25's first half (calls that wait for minutes) is batchd's
// own front, whose tests are in tests/e2e.
#include <gtest/gtest.h>

#include <map>

#include "proto/json/base64.h"
#include "proto/json/digest.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

constexpr std::size_t kChunkBytes = 8 << 20;

std::string hash_of(std::string_view bytes) { return json::base64_encode(json::hex(json::sha256(bytes))); }

std::string error_message(const Reply& reply) { return at(reply.body, "error.message"); }

TEST(Conformance, Case01_UploadSmall) {
  Provider provider;
  const auto started = provider.call("POST", "/upload/v1beta/files", "{}",
                                     {{"X-Goog-Upload-Protocol", "resumable"}, {"X-Goog-Upload-Command", "start"}});
  EXPECT_EQ(started.status, 200);
  EXPECT_EQ(started.body, "");
  EXPECT_EQ(started.headers.at("x-goog-upload-status"), "active");
  const auto url = started.headers.at("x-goog-upload-url");
  ASSERT_TRUE(url.starts_with("http://127.0.0.1:"));
  const auto last = provider.chunk(url.substr(url.find("/upload")), "upload, finalize", 0, "12345");
  EXPECT_EQ(last.headers.at("x-goog-upload-status"), "final");
  const auto name = at(last.body, "file.name");
  ASSERT_EQ(name.size(), 18U);
  EXPECT_EQ(name.substr(6).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
  EXPECT_EQ(at(last.body, "file.sizeBytes"), "5");
  EXPECT_EQ(at(last.body, "file.state"), "ACTIVE");
  const auto created = at(last.body, "file.createTime");
  const auto expires = at(last.body, "file.expirationTime");
  EXPECT_EQ(std::stoi(expires.substr(8, 2)) == std::stoi(created.substr(8, 2)), false);
  EXPECT_EQ(expires.substr(11, 8), created.substr(11, 8));  // 48 hours later
}

TEST(Conformance, Case02_UploadNineMebibytes) {
  Provider provider;
  const std::string bytes(kChunkBytes + (1 << 20), 'n');
  const auto target = provider.start_upload();
  const auto first = provider.chunk(target, "upload", 0, std::string_view(bytes).substr(0, kChunkBytes));
  EXPECT_EQ(first.headers.at("x-goog-upload-status"), "active");
  EXPECT_EQ(first.body, "");
  const auto last =
      provider.chunk(target, "upload, finalize", kChunkBytes, std::string_view(bytes).substr(kChunkBytes));
  EXPECT_EQ(last.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(at(last.body, "file.sha256Hash"), hash_of(bytes));
}

TEST(Conformance, Case03_ExactlyEightMebibytesAndAnEmptyEnd) {
  Provider provider;
  const auto target = provider.start_upload();
  provider.chunk(target, "upload", 0, std::string(kChunkBytes, 'n'));
  const auto last = provider.chunk(target, "upload, finalize", kChunkBytes, "");
  EXPECT_EQ(last.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(at(last.body, "file.sizeBytes"), "8388608");
}

TEST(Conformance, Case04_ChunkWithoutKey) {
  Provider provider;
  const auto reply = provider.call("POST", provider.start_upload(), "x",
                                   {{"X-Goog-Upload-Command", "upload, finalize"},
                                    {"X-Goog-Upload-Offset", "0"},
                                    {"X-Goog-Upload-Protocol", "resumable"},
                                    {"X-Goog-Upload-Header-Content-Length", "1"},
                                    {"Content-Type", "application/json"}},
                                   "");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(provider.chunk("/upload/v1beta/files?upload_id=nobody", "upload", 0, "x").status, 404);
}

TEST(Conformance, Case05_Resume) {
  Provider provider;
  const std::string bytes(kChunkBytes + 1000, 'n');
  const auto target = provider.start_upload();
  provider.chunk(target, "upload", 0, std::string_view(bytes).substr(0, kChunkBytes));
  provider.call_and_vanish(target, std::string_view(bytes).substr(kChunkBytes), 500,
                           {{"X-Goog-Upload-Command", "upload, finalize"}, {"X-Goog-Upload-Offset", "8388608"}});
  const auto query = provider.chunk(target, "query", 0, "");
  EXPECT_EQ(query.headers.at("x-goog-upload-status"), "active");
  EXPECT_EQ(query.headers.at("x-goog-upload-size-received"), "8388608");
  EXPECT_EQ(provider.chunk(target, "upload, finalize", 7, "x").status, 400);
  const auto last =
      provider.chunk(target, "upload, finalize", kChunkBytes, std::string_view(bytes).substr(kChunkBytes));
  EXPECT_EQ(at(last.body, "file.sha256Hash"), hash_of(bytes));
  const auto after = provider.chunk(target, "query", 0, "");
  EXPECT_EQ(after.headers.at("x-goog-upload-status"), "final");
  EXPECT_EQ(after.body, last.body);
}

TEST(Conformance, Case06_MimeRefusal) {  // all four variants: upload_switches_test.cpp
  Provider provider({}, {.refused_mimes = {"jsonl"}, .switches = {{"mime-refusal", "finalize-200"}}});
  const auto target = provider.start_upload(R"({"file":{"mimeType":"jsonl"}})");
  const auto last = provider.chunk(target, "upload, finalize", 0, "x");
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(at(last.body, "error.code"), "400");
  EXPECT_EQ(error_message(last), "Unsupported MIME type: jsonl");
}

TEST(Conformance, Case07_BothSpellingsOfAFile) {
  Provider provider;
  for (const auto* metadata : {R"({"file":{"displayName":"d","mimeType":"jsonl","sizeBytes":"1"}})",
                               R"({"file":{"display_name":"d","mime_type":"jsonl","size_bytes":1}})"}) {
    const auto reply = provider.chunk(provider.start_upload(metadata), "upload, finalize", 0, "x");
    EXPECT_EQ(at(reply.body, "file.displayName") + at(reply.body, "file.mimeType"), "djsonl");
  }
}

TEST(Conformance, Case08_CreateFromFile) {
  Provider provider({}, {.job_seconds = 1000});
  const auto file = provider.upload(line("a", "1") + line("b", "2"));
  for (const auto& body : {R"({"batch":{"displayName":"t","inputConfig":{"fileName":")" + file + R"("}}})",
                           R"({"batch":{"display_name":"t","input_config":{"file_name":")" + file + R"("}}})"}) {
    const auto reply = provider.call("POST", "/v1/models/gemini-2.5-flash:batchGenerateContent", body);
    EXPECT_EQ(reply.body.find("\"done\""), std::string::npos);
    EXPECT_EQ(at(reply.body, "metadata.batchStats"), R"({"requestCount":"2","pendingRequestCount":"2"})");
    EXPECT_EQ(at(reply.body, "name").size(), std::string("batches/").size() + 36);
    EXPECT_EQ(at(reply.body, "metadata.@type"),
              "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch");
  }
}

TEST(Conformance, Case09_CreateInline) {  // more: inline_test.cpp
  Provider provider;
  const auto* body = R"({"batch":{"displayName":"t","inputConfig":{"requests":{"requests":[
      {"request":{"contents":[{"parts":[{"text":"1"}]}]},"metadata":{"key":"a"}},
      {"request":{"contents":[{"parts":[{"text":"2"}]}]},"metadata":{"key":"b"}}]}}}})";
  const auto created = provider.call("POST", "/v1beta/models/gemini-x:batchGenerateContent", body);
  EXPECT_EQ(at(created.body, "metadata.inputConfig"), "");
  const auto operation = provider.end_of(at(created.body, "name"));
  const auto items = at(operation, "metadata.output.inlinedResponses.inlinedResponses");
  EXPECT_EQ(at(items, "1.metadata.key"), "b");
  EXPECT_EQ(at(operation, "response.inlinedResponses.inlinedResponses"), items);
}

TEST(Conformance, Case10_BadLines) {
  Provider provider;
  const std::string bad = R"({"key":"b","request":{"contents":[],"thinking_config":{}}})"
                          "\n";
  const auto reply = provider.create(provider.upload(line("a", "1") + bad + line("c", "3") + line("d", "4") + bad));
  EXPECT_EQ(reply.status, 400);
  EXPECT_TRUE(error_message(reply).starts_with("Error on line 2: ")) << error_message(reply);
  EXPECT_NE(error_message(reply).find("'thinking_config'\nError on line 5: "), std::string::npos)
      << error_message(reply);
  EXPECT_EQ(provider.call("GET", "/v1beta/batches").body, "{}");
}

TEST(Conformance, Case11_CreateRefusals) {
  Provider provider;
  const auto large = provider.call("POST", "/v1beta/models/gemini-x:batchGenerateContent", std::string(20971521, ' '));
  EXPECT_EQ(large.status, 400);
  EXPECT_EQ(error_message(large), "Request payload size exceeds the limit: 20971520 bytes.");
  EXPECT_EQ(error_message(provider.create("files/a", "t", "gpt-4")),
            "models/gpt-4 is not found for API version v1beta, or is not supported for batchGenerateContent. Call "
            "ListModels to see the list of available models and their supported methods.");
  EXPECT_EQ(error_message(provider.create("files/nobody")), "Requested entity was not found.");
  EXPECT_EQ(provider.create(provider.upload(line("a", "1"), "alpha:1"), "t", "gemini-x", "beta:1").status, 404);
}

TEST(Conformance, Case12_NotIdempotent) {
  Provider provider(R"({"rules":[{"on":"create","nth":3,"do":"withhold","seconds":0}]})", {.job_seconds = 1000});
  const auto file = provider.upload(line("a", "1"));
  EXPECT_NE(provider.create_job(file, "x"), provider.create_job(file, "x"));
  EXPECT_TRUE(provider.create(file, "withheld").broken);
  for (int i = 0; i < 10; ++i) provider.create_job(file, "later");
  const auto first = provider.call("GET", "/v1beta/batches?pageSize=10").body;
  const auto second = provider.call("GET", "/v1beta/batches?pageSize=10&pageToken=" + at(first, "nextPageToken")).body;
  EXPECT_EQ(at(second, "operations.0.metadata.displayName"), "withheld");
  EXPECT_EQ(provider.ledger("job").size(), 13U);  // exactly one for the call without an answer
}

TEST(Conformance, Case13_PoorQuotaErrors) {
  Provider provider({}, {.job_seconds = 1000});
  const auto file = provider.upload(line("a", "1"));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(provider.create(file).status, 200);
  const auto refused = provider.create(file);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(error_message(refused), "Resource has been exhausted (e.g. check quota).");
  EXPECT_EQ(at(refused.body, "error.details"), "");
  EXPECT_FALSE(refused.headers.contains("retry-after"));
}

TEST(Conformance, Case14_LifeCycle) {
  Provider provider(R"({"rules":[{"on":"job","do":"succeed_without_output_polls","polls":2}]})", {.job_seconds = 2});
  std::string input;
  for (int i = 0; i < 100; ++i) input += line("k" + std::to_string(i), "x");
  const auto job = provider.create_job(provider.upload(input));
  provider.wait_for(job, "metadata.state", "BATCH_STATE_RUNNING");
  const auto done = provider.end_of(job);  // the first look
  EXPECT_EQ(at(done, "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(done, "metadata.output") + at(done, "response"), "");
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + job).body, "metadata.output"), "");
  const auto third = provider.call("GET", "/v1beta/" + job).body;
  EXPECT_EQ(at(third, "metadata.output.responsesFile"), "files/batch-" + job.substr(8));
  EXPECT_EQ(at(third, "response.responsesFile"), "files/batch-" + job.substr(8));
  EXPECT_EQ(at(third, "metadata.batchStats"), R"({"requestCount":"100","successfulRequestCount":"100"})");
}

TEST(Conformance, Case15_StatesWithAnotherPrefixAndUnknownOnes) {
  Provider provider(
      R"({"rules":[{"on":"get","nth":1,"do":"job_state_prefix"},{"on":"get","nth":2,"do":"unknown_state"}]})",
      {.job_seconds = 1000});
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  const auto state = [&] { return at(provider.call("GET", "/v1beta/" + job).body, "metadata.state"); };
  EXPECT_EQ(state(), "JOB_STATE_PENDING");
  EXPECT_EQ(state(), "BATCH_STATE_PAUSED");
  EXPECT_EQ(state(), "BATCH_STATE_PENDING");
}

TEST(Conformance, Case16_OtherEnds) {
  Provider provider(R"({"rules":[{"on":"job","nth":1,"do":"fail","code":3,"message":"m"},
      {"on":"job","nth":2,"do":"fail","silent":true},{"on":"job","nth":3,"do":"expire"},{"on":"job","nth":4,"do":"stuck"},
      {"on":"job","nth":5,"do":"cancel_partly","executed":0.5}]})",
                    {.job_seconds = 0.2});
  const auto file = provider.upload(line("a", "1") + line("b", "2"));
  const auto end = [&] { return provider.end_of(provider.create_job(file)); };
  EXPECT_EQ(at(end(), "error"), R"({"code":3,"message":"m"})");
  const auto silent = end();
  EXPECT_EQ(at(silent, "metadata.state") + at(silent, "error"), "BATCH_STATE_FAILED");
  const auto expired = end();
  EXPECT_EQ(at(expired, "metadata.state"), "BATCH_STATE_EXPIRED");
  EXPECT_EQ(at(expired, "metadata.output") + at(expired, "response"), "");
  for (const std::string output : {"without", "with"}) {
    const auto job = provider.create_job(file);
    provider.wait_for(job, "metadata.state", "BATCH_STATE_RUNNING");
    provider.call("POST", "/v1beta/" + job + ":cancel");
    const auto cancelled = provider.end_of(job);
    EXPECT_EQ(at(cancelled, "metadata.state"), "BATCH_STATE_CANCELLED");
    EXPECT_EQ(at(cancelled, "error.code"), "1");
    EXPECT_EQ(at(cancelled, "metadata.output").empty(), output == "without");
  }
}

TEST(Conformance, Case17_List) {
  Provider provider({}, {.job_seconds = 1000});
  EXPECT_EQ(provider.call("GET", "/v1beta/batches").body, "{}");
  const auto file = provider.upload(line("a", "1"));
  std::vector<std::string> made;
  for (int i = 0; i < 25; ++i) made.insert(made.begin(), provider.create_job(file));
  std::vector<std::string> seen;
  std::string token;
  for (const std::size_t rows : {10U, 10U, 5U}) {
    const auto page = provider.call("GET", "/v1beta/batches?pageSize=10&pageToken=" + token).body;
    for (std::size_t i = 0; i < rows; ++i) seen.push_back(at(page, "operations." + std::to_string(i) + ".name"));
    token = at(page, "nextPageToken");
  }
  EXPECT_EQ(token, "");
  EXPECT_EQ(seen, made);
}

TEST(Conformance, Case17_ListsWithAnEmptyPageAndAStaleRow) {
  Provider provider(R"({"rules":[{"on":"list","nth":1,"do":"empty_page"},{"on":"job","nth":1,"do":"stale_list"}]})");
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  provider.end_of(job);
  const auto empty = provider.call("GET", "/v1beta/batches?pageSize=10").body;
  EXPECT_EQ(at(empty, "operations.0"), "");
  const auto next = provider.call("GET", "/v1beta/batches?pageSize=10&pageToken=" + at(empty, "nextPageToken")).body;
  EXPECT_EQ(at(next, "operations.0.metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(next, "operations.0.metadata.batchStats.pendingRequestCount"), "1");
  EXPECT_EQ(at(next, "operations.0.metadata.output"), "");
  EXPECT_NE(at(provider.call("GET", "/v1beta/" + job).body, "metadata.output.responsesFile"), "");
}

TEST(Conformance, Case18_CancelAndDelete) {
  Provider provider(R"({"rules":[{"on":"job","nth":1,"do":"ignore_cancel"}]})");
  const auto file = provider.upload(line("a", "1"));
  const auto job = provider.create_job(file);
  EXPECT_EQ(provider.call("POST", "/v1beta/" + job + ":cancel").body, "{}");
  EXPECT_EQ(at(provider.end_of(job), "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + job, "{}").body, "{}");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 404);
}

TEST(Conformance, Case19_Download) {
  Provider provider(R"({"rules":[{"on":"download","nth":1,"do":"status","status":404},
                                 {"on":"download","nth":3,"do":"truncate"}]})");
  const auto input = provider.upload(line("a", "1"));
  const auto job = provider.create_job(input);
  provider.end_of(job);
  EXPECT_EQ(provider.download(job).status, 404);
  const auto bytes = provider.download(job).body;
  EXPECT_TRUE(provider.download(job).broken);
  for (const auto* prefix : {"/v1beta/", "/v1/", "/download/v1/", "/download/v1beta/"}) {
    EXPECT_EQ(provider.call("GET", prefix + ("files/batch-" + job.substr(8)) + ":download?alt=media").body, bytes);
  }
  EXPECT_EQ(provider.call("GET", "/v1beta/" + input + ":download?alt=media").status, 400);
}

TEST(Conformance, Case20_ResultFilesCannotBeDeleted) {
  Provider provider;
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  provider.end_of(job);
  const auto reply = provider.call("DELETE", "/v1beta/files/batch-" + job.substr(8));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(error_message(reply),
            "* DeleteFileRequest.name: File ID (name excluding 'files/') cannot be more than 40 characters.\n");
}

TEST(Conformance, Case21_DamagedResults) {
  Provider provider(R"({"rules":[{"on":"job","do":"shuffle"},{"on":"line","nth":1,"do":"missing"},
      {"on":"line","nth":2,"do":"duplicate"},{"on":"line","nth":3,"do":"no_key"},{"on":"line","nth":4,"do":"error","code":13},
      {"on":"line","nth":5,"do":"error","code":13,"as_status":true},{"on":"line","nth":6,"do":"block"}]})");
  std::string input;
  for (const std::string n : {"1", "2", "3", "4", "5", "6"}) input += line("k" + n, "p" + n);
  input += line("k7", "a\xE2\x80\xA8z");
  std::map<std::string, std::vector<std::string>> by_key;
  for (const auto& result : provider.run(input)) by_key[at(result, "key")].push_back(result);
  EXPECT_EQ(by_key.count("k1"), 0U);
  EXPECT_EQ(by_key["k2"].size(), 2U);
  EXPECT_EQ(by_key[""].size(), 1U);
  EXPECT_EQ(at(by_key["k4"].at(0), "error.code"), "13");
  EXPECT_EQ(at(by_key["k5"].at(0), "status.code"), "13");
  EXPECT_NE(at(by_key["k6"].at(0), "response.promptFeedback.blockReason"), "");
  EXPECT_EQ(at(by_key["k6"].at(0), "response.candidates"), "");
  EXPECT_NE(by_key["k7"].at(0).find("a\xE2\x80\xA8z"), std::string::npos);
}

TEST(Conformance, Case22_ExtraMembersAreEchoed) {
  Provider provider;
  const auto lines =
      provider.run(R"({"custom_id":"c","list":[1,2],"key":"a","request":{"contents":[{"parts":[{"text":"x"}]}]}})"
                   "\n");
  EXPECT_EQ(at(lines.at(0), "custom_id") + at(lines.at(0), "list"), "c[]");
}

TEST(Conformance, Case23_Keys) {
  Provider provider;
  EXPECT_EQ(provider.call("GET", "/v1beta/batches", {}, {}, "").status, 403);
  const auto bad = provider.call("GET", "/v1beta/batches", {}, {}, "bad");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(at(bad.body, "error.details.0.reason"), "API_KEY_INVALID");
  EXPECT_EQ(provider.call("GET", "/v1beta/batches?key=k", {}, {}, "").status, 200);
  const auto file = provider.upload("x", "alpha:1");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + file, {}, {}, "beta:1").status, 403);
}

TEST(Conformance, Case25_StreamErrorsAreRaw) {  // more: sync_test.cpp
  Provider provider({}, {.switches = {{"stream-ending", "error"}}});
  const auto reply = provider.call("POST", "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
                                   R"({"contents":[{"parts":[{"text":"hello"}]}]})");
  EXPECT_TRUE(reply.body.starts_with("data: {"));
  EXPECT_NE(reply.body.find("}\n\n{\"error\":{\"code\":503,"), std::string::npos) << reply.body;
  EXPECT_TRUE(reply.body.ends_with("}\n\n"));
}

}  // namespace
}  // namespace batchd::emulator
