// Where results are, what they say of rows that weren't run, and jobs beyond the limit.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

const std::string kMetadataItems = "metadata.output.inlinedResponses.inlinedResponses";
const std::string kResponseItems = "response.inlinedResponses.inlinedResponses";

std::string lines_of(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += line("k" + std::to_string(i), "p" + std::to_string(i));
  return out;
}

TEST(Output, OfAFileJobMayBeInline) {
  Provider provider({}, {.job_seconds = 0.04, .switches = {{"output", "inline"}}});
  const auto file = provider.upload(line("a", "one") + line("b", "two"));
  const auto job = provider.create_job(file);
  const auto operation = provider.end_of(job);
  EXPECT_EQ(at(operation, "metadata.inputConfig.fileName"), file);
  EXPECT_EQ(at(operation, kMetadataItems), at(operation, kResponseItems));
  EXPECT_EQ(at(operation, kMetadataItems + ".0.response.candidates.0.content.parts.0.text"), "echo: one");
  EXPECT_EQ(at(operation, kMetadataItems + ".1.metadata"), R"({"key":"b"})");
  EXPECT_EQ(at(operation, kMetadataItems + ".1.key"), "");
  EXPECT_EQ(at(operation, "metadata.output.responsesFile"), "");
  EXPECT_EQ(provider.download(job).status, 403);
  const auto row = provider.call("GET", "/v1beta/batches").body;
  EXPECT_EQ(at(row, "operations.0.metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(row, "operations.0.metadata.output"), "");
  EXPECT_EQ(at(row, "operations.0.response"), "");
  EXPECT_EQ("batches/" + at(provider.ledger("download").at(0), "job"), job);  // for the audit: it was fetched
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "billed");
}

TEST(Output, OfSmallFileJobsMayBeInline) {
  Provider provider({}, {.job_seconds = 0.04, .switches = {{"output", "inline-if-small"}}});
  const auto small = provider.end_of(provider.create_job(provider.upload(lines_of(100))));
  EXPECT_EQ(at(small, kMetadataItems + ".99.metadata.key"), "k99");
  const auto large = provider.end_of(provider.create_job(provider.upload(lines_of(101))));
  EXPECT_NE(at(large, "metadata.output.responsesFile"), "");
  EXPECT_EQ(at(large, "response.responsesFile"), at(large, "metadata.output.responsesFile"));
}

TEST(Output, InlineMeetsFaultsOfLinesJobsAndAnswers) {
  Provider provider(fault_rules(R"({"on":"line","nth":1,"do":"error","code":8},{"on":"line","nth":2,"do":"garbage"},
                                   {"on":"line","nth":3,"do":"extra_members"},{"on":"job","nth":2,"do":"output_lost"})"),
                    {.job_seconds = 0.04, .switches = {{"output", "inline"}}});
  const auto job = provider.create_job(provider.upload(lines_of(3)));
  const auto items = at(provider.end_of(job), kResponseItems);
  EXPECT_EQ(at(items, "0.error.code"), "8");
  EXPECT_EQ(at(items, "0.metadata.key"), "k0");
  EXPECT_EQ(at(items, "1"), "{}");
  EXPECT_EQ(at(items, "2.metadata.key"), "k2");
  const auto lost = provider.end_of(provider.create_job(provider.upload(lines_of(1))));
  EXPECT_EQ(at(lost, "metadata.output"), "");
  EXPECT_EQ(at(provider.ledger("line").back(), "billed"), "withheld");
  provider.call("POST", "/emulator/faults", fault_rules(R"({"on":"get","do":"unknown_state"})"));
  const auto strange = provider.call("GET", "/v1beta/" + job).body;
  EXPECT_EQ(at(strange, "metadata.state"), "BATCH_STATE_PAUSED");
  EXPECT_EQ(at(strange, kResponseItems), items);
}

TEST(Output, DeletingTheBatchTakesTheFileWithIt) {
  Provider provider;
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  provider.end_of(job);
  const auto file = "/v1beta/files/batch-" + job.substr(8);
  EXPECT_EQ(provider.call("DELETE", file).status, 400);
  EXPECT_EQ(provider.download(job).status, 200);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + job).body, "{}");
  EXPECT_EQ(provider.download(job).status, 404);
  EXPECT_EQ(provider.call("GET", file).status, 404);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + job).status, 404);
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 404);
  EXPECT_EQ(provider.call("GET", file, {}, {}, "other:1").status, 403);
}

TEST(OverJobs, MayStayPendingUntilOlderOnesHaveEnded) {
  Provider provider({}, {.job_seconds = 0.04, .max_jobs = 1, .switches = {{"over-jobs", "pending"}}});
  provider.call("POST", "/emulator/faults", fault_rules(R"({"on":"job","nth":1,"do":"stuck"})"));
  const auto file = provider.upload(line("a", "1"));
  const auto first = provider.create_job(file);
  const auto second = provider.create_job(file);
  const auto third = provider.create_job(file);
  provider.wait_for(first, "metadata.state", "BATCH_STATE_RUNNING");
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + second).body, "metadata.state"), "BATCH_STATE_PENDING");
  provider.call("POST", "/v1beta/" + first + ":cancel");
  provider.end_of(second);
  provider.end_of(third);
  const auto ends = provider.ledger("end");
  ASSERT_EQ(ends.size(), 3U);
  EXPECT_EQ("batches/" + at(ends[0], "job"), first);
  EXPECT_EQ("batches/" + at(ends[1], "job"), second);
}

TEST(CancelledCode, OfJobsAndRows) {
  for (const std::string code : {"1", "13", "13-and-rows"}) {
    Provider provider(fault_rules(R"({"on":"job","do":"cancel_partly","executed":0.5})"),
                      {.job_seconds = 1, .switches = {{"cancelled-code", code}}});
    const auto job = provider.create_job(provider.upload(lines_of(4)));
    provider.wait_for(job, "metadata.state", "BATCH_STATE_RUNNING");
    provider.call("POST", "/v1beta/" + job + ":cancel");
    const auto operation = provider.end_of(job);
    EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_CANCELLED");
    EXPECT_EQ(at(operation, "error.code"), code == "1" ? "1" : "13");
    std::istringstream output(provider.download(job).body);
    std::map<std::string, std::string> codes;
    for (std::string row; std::getline(output, row);) codes[at(row, "key")] = at(row, "error.code");
    if (code == "13-and-rows") {
      EXPECT_EQ(codes, (std::map<std::string, std::string>{{"k0", ""}, {"k1", ""}, {"k2", "13"}, {"k3", "13"}}));
      EXPECT_EQ(at(provider.ledger("line").back(), "billed"), "not billed");
      EXPECT_EQ(at(provider.ledger("line").back(), "delivered"), "error");
    } else {
      EXPECT_EQ(codes, (std::map<std::string, std::string>{{"k0", ""}, {"k1", ""}})) << code;
      EXPECT_EQ(provider.ledger("line").size(), 2U);
    }
  }
}

TEST(SwapAnswers, TradeTextsUnderTheRightKeys) {
  for (const std::string output : {"file", "inline"}) {
    Provider provider(fault_rules(R"({"on":"job","do":"swap_answers","share":0.5})"),
                      {.job_seconds = 0.04, .switches = {{"output", output}}});
    const auto job = provider.create_job(provider.upload(lines_of(8)));
    const auto operation = provider.end_of(job);
    std::map<std::string, std::string> told;
    for (const auto& row : provider.ledger("swapped")) told[at(row, "key")] = at(row, "answer_of");
    EXPECT_EQ(told.size(), 4U);
    std::istringstream file(provider.download(job).body);
    for (int i = 0; i < 8; ++i) {
      std::string row;
      if (output == "file") {
        std::getline(file, row);
      } else {
        row = at(operation, kResponseItems + "." + std::to_string(i));
      }
      const auto key = at(row, output == "file" ? "key" : "metadata.key");
      EXPECT_EQ(key, "k" + std::to_string(i));
      const auto whose = told.contains(key) ? told[key] : key;
      EXPECT_EQ(at(row, "response.candidates.0.content.parts.0.text"), "echo: p" + whose.substr(1)) << row;
    }
  }
}

}  // namespace
}  // namespace batchd::emulator
