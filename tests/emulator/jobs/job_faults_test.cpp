// Jobs that are hidden, don't end, or end without their results.
#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

std::string list(Provider& provider) { return provider.call("GET", "/v1beta/batches").body; }
std::string state(const std::string& operation) { return at(operation, "metadata.state"); }

TEST(JobsUnseen, ListsLagByLooks) {
  Provider provider(fault_rules(R"({"on":"job","nth":2,"do":"list_lag","ms":0,"lists":2})"));
  const auto file = provider.upload(line("a", "1"));
  const auto shown = provider.create_job(file);
  const auto hidden = provider.create_job(file);
  for (int i = 0; i < 2; ++i) {
    const auto rows = list(provider);
    EXPECT_EQ(at(rows, "operations.0.name"), shown);
    EXPECT_EQ(at(rows, "operations.1"), "");
  }
  EXPECT_EQ(provider.call("GET", "/v1beta/" + hidden).status, 200);
  EXPECT_EQ(at(list(provider), "operations.0.name"), hidden);
}

TEST(JobsUnseen, ListsLagByTime) {
  Provider provider(fault_rules(R"({"on":"job","do":"list_lag","ms":2500,"get_too":true})"));
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  EXPECT_EQ(list(provider), "{}");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 404);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (list(provider) == "{}" && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(at(list(provider), "operations.0.name"), job);
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 200);
}

TEST(JobsUnseen, GetsLag) {
  Provider provider(fault_rules(R"({"on":"job","do":"get_lag","ms":0,"polls":2})"));
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  EXPECT_EQ(at(list(provider), "operations.0.name"), job);
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 404);
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 404);
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 200);
}

TEST(JobsUnseen, StaleRows) {
  Provider provider(fault_rules(R"({"on":"job","do":"stale_list"})"));
  const auto job = provider.create_job(provider.upload(line("a", "1") + line("b", "2")));
  const auto whole = provider.end_of(job);
  EXPECT_NE(at(whole, "response.responsesFile"), "");
  const auto row = list(provider);
  EXPECT_EQ(at(row, "operations.0.metadata.state"), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(at(row, "operations.0.done"), "true");
  EXPECT_EQ(at(row, "operations.0.metadata.batchStats"), R"({"requestCount":"2","pendingRequestCount":"2"})");
  EXPECT_EQ(at(row, "operations.0.metadata.output"), "");
  EXPECT_EQ(at(row, "operations.0.response"), "");
}

TEST(JobFaults, StuckPendingUntilCancelled) {
  Provider provider(fault_rules(R"({"on":"job","nth":1,"do":"stuck_pending"})"));
  const auto file = provider.upload(line("a", "1"));
  const auto stuck = provider.create_job(file);
  provider.end_of(provider.create_job(file));
  EXPECT_EQ(state(provider.call("GET", "/v1beta/" + stuck).body), "BATCH_STATE_PENDING");
  provider.call("POST", "/v1beta/" + stuck + ":cancel");
  EXPECT_EQ(state(provider.end_of(stuck)), "BATCH_STATE_CANCELLED");
}

TEST(JobFaults, SlowOnesTakeTheirOwnTime) {
  Provider provider(fault_rules(R"({"on":"job","nth":1,"do":"slow","seconds":0.04})"), {.job_seconds = 3600});
  const auto file = provider.upload(line("a", "1"));
  EXPECT_EQ(state(provider.end_of(provider.create_job(file))), "BATCH_STATE_SUCCEEDED");
}

TEST(JobFaults, CancelledByNobody) {
  Provider provider(fault_rules(R"({"on":"job","do":"cancel_itself","executed":0.5})"));
  const auto job = provider.create_job(provider.upload(line("a", "1") + line("b", "2")));
  const auto operation = provider.end_of(job);
  EXPECT_EQ(state(operation), "BATCH_STATE_CANCELLED");
  EXPECT_EQ(at(operation, "error.code"), "1");
  EXPECT_EQ(at(provider.download(job).body, "key"), "a");
  EXPECT_EQ(at(provider.ledger("line").at(1), "billed"), "not billed");
  EXPECT_EQ(at(provider.ledger("line").at(1), "delivered"), "nothing");
  EXPECT_TRUE(provider.ledger("cancel").empty());
}

TEST(JobFaults, TheInputVanishesBeforeTheJobReadsIt) {
  Provider provider(fault_rules(R"({"on":"job","do":"lose_input"})"));
  const auto file = provider.upload(line("a", "1"));
  const auto operation = provider.end_of(provider.create_job(file));
  EXPECT_EQ(state(operation), "BATCH_STATE_FAILED");
  EXPECT_EQ(at(operation, "error.code"), "5");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + file).status, 403);
  EXPECT_TRUE(provider.ledger("line").empty());
}

struct LossCase {
  const char* action;
  bool named;    // the operation names a result file
  int download;  // what a download of it answers
};

class Losses : public testing::TestWithParam<LossCase> {};

TEST_P(Losses, WhatWasExecutedIsWithheld) {
  Provider provider(fault_rules(std::string(R"({"on":"job","do":")") + GetParam().action + "\"}"));
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  const auto operation = provider.end_of(job);
  EXPECT_EQ(state(operation), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(!at(operation, "metadata.output.responsesFile").empty(), GetParam().named);
  const auto reply = provider.download(job);
  EXPECT_EQ(reply.status, GetParam().download);
  if (reply.status == 200) {
    EXPECT_EQ(reply.body, "");
  }
  EXPECT_EQ(at(provider.ledger("line").at(0), "billed"), "withheld");
  EXPECT_EQ(at(provider.ledger("line").at(0), "delivered"), "nothing");
  EXPECT_EQ(at(provider.ledger("end").at(0), "withheld"), "1");
}

INSTANTIATE_TEST_SUITE_P(All, Losses,
                         testing::Values(LossCase{"no_output", false, 403}, LossCase{"output_lost", true, 403},
                                         LossCase{"empty_output", true, 200}),
                         [](const auto& tested) { return std::string(tested.param.action); });

TEST(JobLedger, EndsSayWhatWasBilled) {
  Provider provider(fault_rules(R"({"on":"line","nth":1,"do":"error"},{"on":"line","nth":2,"do":"missing"})"));
  provider.run(line("a", "1") + line("b", "2") + line("c", "3") + line("d", "4"));
  const auto end = provider.ledger("end").at(0);
  EXPECT_EQ(at(end, "billed"), "2");
  EXPECT_EQ(at(end, "not_billed"), "1");
  EXPECT_EQ(at(end, "withheld"), "1");
}

}  // namespace
}  // namespace batchd::emulator
