#include <gtest/gtest.h>

#include <algorithm>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

struct LineCase {
  const char* name;
  const char* rule;      // what follows "on"
  std::size_t lines;     // results of two requests, the second one faulty
  const char* billed;    // the second one's row
  const char* path;      // in the last line of the results...
  const char* expected;  // ...this is there ("*": anything)
};

class LineFaults : public testing::TestWithParam<LineCase> {};

TEST_P(LineFaults, ShapeAndBill) {
  const auto& param = GetParam();
  Provider provider(std::string(R"({"rules":[{"on":"line","nth":2,)") + param.rule + "}]}");
  const auto lines = provider.run(line("a", "1") + line("b", "2"));
  ASSERT_EQ(lines.size(), param.lines);
  if (std::string(param.expected) != "*") {
    EXPECT_EQ(at(lines.back(), param.path), param.expected) << lines.back();
  } else {
    EXPECT_NE(at(lines.back(), param.path), "") << lines.back();
  }
  const auto rows = provider.ledger("line");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(at(rows[0], "billed"), "billed");
  EXPECT_EQ(at(rows[1], "billed"), param.billed);
  EXPECT_EQ(at(rows[1], "key"), "b");
}

INSTANTIATE_TEST_SUITE_P(
    All, LineFaults,
    testing::Values(
        LineCase{"missing", R"("do":"missing")", 1, "withheld", "key", "a"},
        LineCase{"duplicate", R"("do":"duplicate")", 3, "billed", "key", "b"},
        LineCase{"foreign", R"("do":"foreign")", 3, "billed", "response", "*"},
        LineCase{"swap", R"("do":"swap_foreign_batch")", 3, "billed", "key", "nobody-else"},
        LineCase{"no_key", R"("do":"no_key")", 2, "withheld", "key", ""},
        LineCase{"garbage", R"("do":"garbage")", 2, "withheld", "key", ""},
        LineCase{"error", R"("do":"error","code":8,"message":"m")", 2, "not billed", "error",
                 R"({"code":8,"message":"m"})"},
        LineCase{"status", R"("do":"error","as_status":true)", 2, "not billed", "status.code", "13"},
        LineCase{"embedded_status", R"("do":"embedded_status","status":429,"message":"m")", 2, "not billed", "status",
                 R"(Too Many Requests: {"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}})"},
        LineCase{"degenerate_json", R"("do":"degenerate_json")", 2, "billed",
                 "response.candidates.0.content.parts.0.text", "*"},
        LineCase{"block", R"("do":"block")", 2, "billed", "response.promptFeedback.blockReason", "*"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(LineFaults, ForeignKeysBelongToNobodyOrToAnotherJob) {
  Provider nobody(R"({"rules":[{"on":"line","do":"foreign"}]})");
  EXPECT_TRUE(at(nobody.run(line("a", "1")).back(), "key").starts_with("nobody-"));
  Provider other(R"({"rules":[{"on":"line","nth":2,"do":"swap_foreign_batch"}]})");
  other.run(line("first-job", "1"));
  EXPECT_EQ(at(other.run(line("second-job", "2")).back(), "key"), "first-job");
}

TEST(LineFaults, FirstAttemptOnly) {
  Provider provider(R"({"rules":[{"on":"line","first_attempt_only":true,"do":"error"}]})");
  EXPECT_NE(at(provider.run(line("a", "same")).at(0), "error"), "");
  EXPECT_NE(at(provider.run(line("b", "same")).at(0), "response"), "");
  EXPECT_NE(at(provider.run(line("c", "other")).at(0), "error"), "");
}

TEST(LineFaults, ErrorsAreCounted) {
  Provider provider(R"({"rules":[{"on":"line","nth":1,"do":"error"}]})");
  const auto operation = provider.end_of(provider.create_job(provider.upload(line("a", "1") + line("b", "2"))));
  EXPECT_EQ(at(operation, "metadata.batchStats"),
            R"({"requestCount":"2","successfulRequestCount":"1","failedRequestCount":"1"})");
}

std::string end_with(Provider& provider) {
  return provider.end_of(provider.create_job(provider.upload(line("a", "1"))));
}

TEST(JobFaults, Expire) {
  Provider provider(R"({"rules":[{"on":"job","do":"expire"}]})");
  const auto operation = end_with(provider);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_EXPIRED");
  EXPECT_EQ(at(operation, "response"), "");
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "not billed");
}

TEST(JobFaults, Fail) {
  Provider provider(R"({"rules":[{"on":"job","nth":1,"do":"fail","code":3,"message":"no"},)"
                    R"({"on":"job","nth":2,"do":"fail","silent":true}]})");
  const auto loud = end_with(provider);
  EXPECT_EQ(at(loud, "metadata.state"), "BATCH_STATE_FAILED");
  EXPECT_EQ(at(loud, "error"), R"({"code":3,"message":"no"})");
  const auto silent = end_with(provider);
  EXPECT_EQ(at(silent, "metadata.state"), "BATCH_STATE_FAILED");
  EXPECT_EQ(at(silent, "error"), "");
  EXPECT_EQ(at(provider.ledger("line").at(1), "billed"), "not billed");
}

TEST(JobFaults, OutputComesLate) {
  Provider provider(R"({"rules":[{"on":"job","do":"succeed_without_output_polls","polls":2}]})");
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  const auto first = provider.end_of(job);
  EXPECT_EQ(at(first, "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(first, "response"), "");
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + job).body, "metadata.output"), "");
  EXPECT_NE(at(provider.call("GET", "/v1beta/" + job).body, "metadata.output.responsesFile"), "");
}

TEST(JobFaults, StuckUntilCancelled) {
  Provider provider(R"({"rules":[{"on":"job","nth":1,"do":"stuck"}]})");
  const auto file = provider.upload(line("a", "1"));
  const auto stuck = provider.create_job(file);
  provider.end_of(provider.create_job(file));  // a later job ends first
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + stuck).body, "metadata.state"), "BATCH_STATE_RUNNING");
  provider.call("POST", "/v1beta/" + stuck + ":cancel");
  EXPECT_EQ(at(provider.end_of(stuck), "metadata.state"), "BATCH_STATE_CANCELLED");
}

TEST(JobFaults, FailedWithSomeLinesDone) {
  Provider provider(R"({"rules":[{"on":"job","do":"fail","executed":0.5}]})");
  const auto job = provider.create_job(provider.upload(line("a", "1") + line("b", "2")));
  const auto operation = provider.end_of(job);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_FAILED");
  EXPECT_NE(at(operation, "metadata.output.responsesFile"), "");
  EXPECT_EQ(at(operation, "response"), "");
  EXPECT_EQ(at(provider.download(job).body, "key"), "a");
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "billed");
  EXPECT_EQ(at(provider.ledger("line").at(1), "billed"), "not billed");
}

TEST(JobFaults, ExpiredWithSomeLinesDone) {
  Provider provider(R"({"rules":[{"on":"job","do":"expire","executed":0.5}]})");
  const auto job = provider.create_job(provider.upload(line("a", "1") + line("b", "2")));
  const auto operation = provider.end_of(job);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_EXPIRED");
  EXPECT_NE(at(operation, "metadata.output.responsesFile"), "");
  EXPECT_EQ(at(operation, "response"), "");
  EXPECT_EQ(at(operation, "metadata.batchStats"),
            R"({"requestCount":"2","successfulRequestCount":"1","pendingRequestCount":"1"})");
  EXPECT_EQ(at(provider.download(job).body, "key"), "a");
  ASSERT_EQ(provider.ledger("line").size(), 2U);
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "billed");
  EXPECT_EQ(at(provider.ledger("line").at(1), "billed"), "not billed");
}

// Cancels a job of two lines once it runs, and waits for its end.
std::string cancel_running(Provider& provider, std::string& job) {
  job = provider.create_job(provider.upload(line("a", "1") + line("b", "2")));
  provider.wait_for(job, "metadata.state", "BATCH_STATE_RUNNING");
  provider.call("POST", "/v1beta/" + job + ":cancel");
  return provider.end_of(job);
}

TEST(JobFaults, CancelledWithSomeLinesDone) {
  Provider provider(R"({"rules":[{"on":"job","do":"cancel_partly"}]})", {.job_seconds = 2});
  std::string job;
  const auto operation = cancel_running(provider, job);
  EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_CANCELLED");
  EXPECT_EQ(at(operation, "metadata.batchStats"),
            R"({"requestCount":"2","successfulRequestCount":"1","pendingRequestCount":"1"})");
  EXPECT_EQ(at(provider.download(job).body, "key"), "a");
  ASSERT_EQ(provider.ledger("line").size(), 1U);
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "billed");
}

TEST(JobFaults, CancelComesTooLate) {
  Provider provider(R"({"rules":[{"on":"job","do":"ignore_cancel"}]})", {.job_seconds = 1});
  std::string job;
  EXPECT_EQ(at(cancel_running(provider, job), "metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(provider.ledger("line").size(), 2U);
}

TEST(JobFaults, ShuffleLosesNothing) {
  std::string input;
  std::vector<std::string> keys;
  for (int i = 100; i < 150; ++i) {
    keys.push_back("k" + std::to_string(i));
    input += line(keys.back(), "x");
  }
  Provider provider(R"({"rules":[{"on":"job","do":"shuffle"}]})");
  std::vector<std::string> seen;
  for (const auto& result : provider.run(input)) seen.push_back(at(result, "key"));
  EXPECT_NE(seen, keys);
  std::ranges::sort(seen);
  EXPECT_EQ(seen, keys);
}

}  // namespace
}  // namespace batchd::emulator
