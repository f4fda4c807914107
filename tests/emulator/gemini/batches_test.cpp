#include <gtest/gtest.h>

#include <set>

#include "proto/json/digest.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

TEST(Batches, CreateAnswersAnOperation) {
  Provider provider({}, {.job_seconds = 1000});
  const auto file = provider.upload(line("a", "1") + line("b", "2"));
  for (const auto& body : {R"({"batch":{"displayName":"t","inputConfig":{"fileName":")" + file + R"("}}})",
                           R"({"batch":{"display_name":"t","input_config":{"file_name":")" + file + R"("}}})"}) {
    const auto reply = provider.call("POST", "/v1beta/models/gemini-2.5-flash:batchGenerateContent", body);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(at(reply.body, "done"), "");
    EXPECT_EQ(at(reply.body, "name").size(), std::string("batches/").size() + 36);
    EXPECT_EQ(at(reply.body, "metadata.name"), at(reply.body, "name"));
    EXPECT_EQ(at(reply.body, "metadata.displayName"), "t");
    EXPECT_EQ(at(reply.body, "metadata.model"), "models/gemini-2.5-flash");
    EXPECT_EQ(at(reply.body, "metadata.inputConfig.fileName"), file);
    EXPECT_EQ(at(reply.body, "metadata.state"), "BATCH_STATE_PENDING");
    EXPECT_EQ(at(reply.body, "metadata.batchStats"), R"({"requestCount":"2","pendingRequestCount":"2"})");
  }
  EXPECT_EQ(provider.ledger("job").size(), 2U);  // creating is not idempotent
}

TEST(Batches, LifeAndResults) {
  Provider provider;
  const auto job = provider.create_job(provider.upload(line("a", "one") + "\n" + line("b", "two")));
  const auto operation = provider.end_of(job);
  const auto output = "files/batch-" + job.substr(8);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(operation, "metadata.output.responsesFile"), output);
  EXPECT_EQ(at(operation, "response.responsesFile"), output);
  EXPECT_EQ(at(operation, "metadata.batchStats"), R"({"requestCount":"2","successfulRequestCount":"2"})");
  EXPECT_NE(at(operation, "metadata.endTime"), "");

  const auto bytes = provider.download(job).body;
  std::set<std::string> answers;
  std::istringstream text(bytes);
  for (std::string result; std::getline(text, result);) {
    answers.insert(at(result, "key") + "=" + at(result, "response.candidates.0.content.parts.0.text"));
  }
  EXPECT_EQ(answers, (std::set<std::string>{"a=echo: one", "b=echo: two"}));
  for (const auto* prefix : {"/v1beta/", "/v1/", "/v1alpha/", "/download/v1/"}) {
    EXPECT_EQ(provider.call("GET", prefix + output + ":download?alt=media").body, bytes) << prefix;
  }
  EXPECT_EQ(provider.call("GET", "/v1beta/" + output + ":download").status, 400);
  const auto trap = provider.call("DELETE", "/v1beta/" + output);
  EXPECT_EQ(trap.status, 400);
  EXPECT_NE(at(trap.body, "error.message").find("cannot be more than 40 characters"), std::string::npos);
}

TEST(Batches, PassThroughRunning) {
  Provider provider({}, {.job_seconds = 2});
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  for (const auto* state : {"BATCH_STATE_PENDING", "BATCH_STATE_RUNNING", "BATCH_STATE_SUCCEEDED"}) {
    provider.wait_for(job, "metadata.state", state);
  }
}

TEST(Batches, BadLinesAreNamed) {
  Provider provider;
  const auto input = line("a", "1") + R"({"key":"b","request":{"contents":[],"thinking_config":{}}})" + "\n" +
                     line("c", "3") + "{\"key\n" + R"({"key":"d","contents":[]})" + "\n";
  const auto reply = provider.create(provider.upload(input));
  EXPECT_EQ(reply.status, 400);
  const auto message = at(reply.body, "error.message");
  EXPECT_NE(message.find("Error on line 2: invalid JSON, near column"), std::string::npos) << message;
  EXPECT_NE(message.find("no such field: 'thinking_config'\nError on line 4: "), std::string::npos) << message;
  EXPECT_NE(message.find("\nError on line 5: "), std::string::npos) << message;
  EXPECT_EQ(message.find("line 1:"), std::string::npos);
  EXPECT_EQ(provider.ledger("job").size(), 0U);
  ASSERT_EQ(provider.ledger("refused").size(), 1U);
  EXPECT_EQ(at(provider.ledger("refused")[0], "token"), "token");
}

TEST(Batches, Refusals) {
  Provider provider;
  const auto file = provider.upload(line("a", "1"));
  EXPECT_EQ(provider.create(file, "t", "gpt-4").status, 404);
  EXPECT_EQ(provider.create(file, "t", "gemini-embedding-001").status, 404);
  EXPECT_EQ(provider.create("files/nobody").status, 404);
  EXPECT_EQ(provider.create(file, "t", "gemini-x", "other:key").status, 404);
  EXPECT_EQ(provider.create(provider.upload("\n")).status, 400);
  for (const auto* body : {"{", "{}", R"({"batch":{}})", R"({"batch":{"surprise":1}})"}) {
    EXPECT_EQ(provider.call("POST", "/v1beta/models/gemini-x:batchGenerateContent", body).status, 400) << body;
  }
}

TEST(Batches, HundredLiveJobs) {
  Provider provider({}, {.job_seconds = 1000});
  const auto file = provider.upload(line("a", "1"));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(provider.create(file).status, 200);
  const auto refused = provider.create(file);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(at(refused.body, "error.status"), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(at(refused.body, "error.details"), "");
  EXPECT_FALSE(refused.headers.contains("retry-after"));
}

TEST(Batches, EnqueuedTokensArePerProjectAndModelAndOfLiveJobs) {
  Provider provider({}, {.job_seconds = 1000, .max_enqueued_tokens = 15});
  const auto text = line("a", std::string(40, 'x'));
  const auto file = provider.upload(text);
  const auto first = provider.create_job(file);
  EXPECT_EQ(provider.create(file).status, 429);
  EXPECT_EQ(provider.create(file, "t", "gemini-2.5-pro").status, 200);
  EXPECT_EQ(provider.create(provider.upload(text, "beta:1"), "t", "gemini-2.5-flash", "beta:1").status, 200);
  provider.call("POST", "/v1beta/" + first + ":cancel");
  provider.end_of(first);
  EXPECT_EQ(provider.create(file).status, 200);
}

TEST(Batches, EnqueuedTokens) {
  Provider provider({}, {.job_seconds = 1000, .max_enqueued_tokens = 25});
  const auto file = provider.upload(line("a", std::string(40, 'x')));
  const auto first = provider.create_job(file);
  provider.create_job(file);
  EXPECT_EQ(provider.create(file).status, 429);
  EXPECT_EQ(provider.create(provider.upload(line("a", "small"))).status, 200);
  provider.call("DELETE", "/v1beta/" + first);
  EXPECT_EQ(provider.create(file).status, 200);
}

TEST(Batches, ListNewestFirst) {
  Provider provider({}, {.job_seconds = 1000});
  EXPECT_EQ(provider.call("GET", "/v1beta/batches").body, "{}");
  const auto file = provider.upload(line("a", "1"));
  std::vector<std::string> made;
  for (int i = 0; i < 25; ++i) made.insert(made.begin(), provider.create_job(file));
  std::vector<std::string> seen;
  int pages = 0;
  for (std::string token;;) {
    const auto page = provider.call("GET", "/v1beta/batches?pageSize=10&pageToken=" + token).body;
    ++pages;
    for (int i = 0; i < 10; ++i) {
      const auto name = at(page, "operations." + std::to_string(i) + ".name");
      if (!name.empty()) seen.push_back(name);
    }
    token = at(page, "nextPageToken");
    if (token.empty()) break;
  }
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(seen, made);
}

TEST(Batches, CancelAndDelete) {
  Provider provider({}, {.job_seconds = 1000});
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  EXPECT_EQ(provider.call("POST", "/v1beta/" + job + ":cancel").body, "{}");
  const auto operation = provider.end_of(job);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_CANCELLED");
  EXPECT_EQ(at(operation, "error.code"), "1");
  EXPECT_EQ(at(operation, "response"), "");
  EXPECT_EQ(provider.call("POST", "/v1beta/" + job + ":cancel", "{}").body, "{}");  // has ended: no change
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + job, "{}").body, "{}");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 404);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + job).status, 404);
  EXPECT_EQ(provider.ledger("line").size(), 0U);
}

TEST(Batches, DeletedWhileItRunsExecutesNothing) {
  Provider provider({}, {.job_seconds = 0.4});
  const auto file = provider.upload(line("a", "1"));
  provider.call("DELETE", "/v1beta/" + provider.create_job(file));
  provider.end_of(provider.create_job(file));  // ends later than the first would have
  EXPECT_EQ(provider.ledger("line").size(), 1U);
}

TEST(Batches, TheInputIsReadAtTheCreate) {
  Provider provider({}, {.job_seconds = 1});
  const auto file = provider.upload(line("a", "1"));
  const auto job = provider.create_job(file);
  provider.call("DELETE", "/v1beta/" + file);
  EXPECT_EQ(at(provider.end_of(job), "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(provider.download(job).body, "key"), "a");
  EXPECT_EQ(provider.create(file).status, 404);
}

TEST(Batches, InputDeletedBeforeTheStartFailsUnbilled) {
  Provider provider({}, {.job_seconds = 1, .switches = {{"input-read", "start"}}});
  const auto file = provider.upload(line("a", "1"));
  const auto job = provider.create_job(file);
  provider.call("DELETE", "/v1beta/" + file);
  const auto operation = provider.end_of(job);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_FAILED");
  EXPECT_NE(at(operation, "error.message").find(file), std::string::npos);
  EXPECT_EQ(provider.ledger("line").size(), 0U);
  EXPECT_EQ(at(provider.ledger("end").at(0), "state"), "BATCH_STATE_FAILED");
}

TEST(Batches, ExtraMembersComeBack) {
  Provider provider;
  const auto lines = provider.run(
      R"({"custom_id":"c","list":[1,2],"key":"a","request":{"contents":[{"parts":[{"text":"x"}]}],"tools":[]}})"
      "\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(at(lines[0], "custom_id"), "c");
  EXPECT_EQ(at(lines[0], "list"), "[]");
}

TEST(Batches, RequestWithoutContentsIsALineError) {
  Provider provider;
  const auto lines = provider.run(R"({"key":"a","request":{"tools":[]}})"
                                  "\n" +
                                  line("b", "x"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(at(lines[0], "error.code"), "3");
  EXPECT_EQ(at(provider.ledger("line")[0], "billed"), "not billed");
  EXPECT_EQ(at(provider.ledger("line")[1], "billed"), "billed");
  EXPECT_EQ(at(provider.ledger("line")[1], "prompt_sha256"), json::hex(json::sha256("x")));
}

TEST(Batches, RawLineSeparatorsSurvive) {
  Provider provider;
  const auto lines = provider.run(line("a", "x\xE2\x80\xA8y"));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("echo: x\xE2\x80\xA8y"), std::string::npos);
}

TEST(Batches, LargeInput) {
  Provider provider;
  std::string input;
  const std::string text(2000, 'x');
  for (int i = 0; i < 2000; ++i) input += line("k" + std::to_string(i), text);
  const auto lines = provider.run(input);
  ASSERT_EQ(lines.size(), 2000U);
  EXPECT_EQ(at(lines[1999], "key"), "k1999");
  EXPECT_EQ(at(lines[1999], "response.candidates.0.content.parts.0.text"), "echo: " + text);
}

}  // namespace
}  // namespace batchd::emulator
