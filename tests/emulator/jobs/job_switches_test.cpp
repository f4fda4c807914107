// Undocumented behaviour of jobs.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

void set_job_switches(Provider& provider, const std::string& settings) {
  ASSERT_EQ(provider.call("POST", "/emulator/switches", settings).status, 200);
}

std::string switch_message(const Reply& reply) { return at(reply.body, "error.message"); }

TEST(JobSwitches, LinesOfTheInput) {
  Provider provider;
  const auto input =
      line("a", "1") + "\n" + line("a", "2") + R"({"request":{"contents":[{"parts":[{"text":"3"}]}]}})" + "\n";
  const auto file = provider.upload(input);
  EXPECT_EQ(provider.create(file).status, 200);  // by default all of this is fine
  set_job_switches(provider, R"({"blank-lines":"refused"})");
  EXPECT_TRUE(switch_message(provider.create(file)).starts_with("Error on line 2: "));
  set_job_switches(provider, R"({"blank-lines":"skipped","duplicate-keys":"refused"})");
  EXPECT_EQ(switch_message(provider.create(file)), "Error on line 3: duplicate key: 'a'");
  set_job_switches(provider, R"({"duplicate-keys":"accepted","missing-keys":"refused"})");
  EXPECT_EQ(switch_message(provider.create(file)), "Error on line 4: missing field: 'key'");
  set_job_switches(provider, R"({"blank-lines":"refused","duplicate-keys":"refused"})");
  const auto all = switch_message(provider.create(file));
  EXPECT_NE(all.find("\nError on line 3: "), std::string::npos) << all;
  EXPECT_NE(all.find("\nError on line 4: "), std::string::npos) << all;
}

TEST(JobSwitches, KeylessLinesHaveKeylessResults) {
  Provider provider;
  const auto lines = provider.run("{\"request\":{\"contents\":[{\"parts\":[{\"text\":\"3\"}]}]}}\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(at(lines[0], "key"), "");
  EXPECT_NE(at(lines[0], "response"), "");
}

TEST(JobSwitches, CancelFinished) {
  Provider provider;
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  provider.end_of(job);
  const auto cancel = [&] { return provider.call("POST", "/v1beta/" + job + ":cancel"); };
  EXPECT_EQ(cancel().body, "{}");
  set_job_switches(provider, R"({"cancel-finished":"400"})");
  EXPECT_EQ(cancel().status, 400);
  EXPECT_EQ(at(cancel().body, "error.status"), "FAILED_PRECONDITION");
  set_job_switches(provider, R"({"cancel-finished":"404"})");
  EXPECT_EQ(cancel().status, 404);
  EXPECT_EQ(at(provider.call("GET", "/v1beta/" + job).body, "metadata.state"), "BATCH_STATE_SUCCEEDED");
}

TEST(JobSwitches, CancelledOutput) {
  for (const std::string kept : {"none", "partial"}) {
    Provider provider({}, {.job_seconds = 3, .switches = {{"cancelled-output", kept}}});
    std::string input;
    for (int i = 0; i < 1000; ++i) input += line("k" + std::to_string(i), "p" + std::to_string(i));
    const auto job = provider.create_job(provider.upload(input));
    provider.wait_for(job, "metadata.state", "BATCH_STATE_RUNNING");
    // Some of it is done as soon as the counts say so.
    for (int i = 0; i < 1000; ++i) {
      const auto now = provider.call("GET", "/v1beta/" + job).body;
      if (!at(now, "metadata.batchStats.successfulRequestCount").empty()) break;
    }
    provider.call("POST", "/v1beta/" + job + ":cancel");
    const auto operation = provider.end_of(job);
    EXPECT_EQ(at(operation, "metadata.state"), "BATCH_STATE_CANCELLED");
    EXPECT_EQ(at(operation, "error.code"), "1");
    EXPECT_EQ(at(operation, "response"), "");
    if (kept == "none") {
      EXPECT_EQ(at(operation, "metadata.output"), "");
      EXPECT_EQ(provider.ledger("line").size(), 0U);
      continue;
    }
    EXPECT_NE(at(operation, "metadata.output.responsesFile"), "");
    const auto bytes = provider.download(job).body;
    const auto lines = static_cast<std::size_t>(std::ranges::count(bytes, '\n'));
    EXPECT_GT(lines, 0U);
    EXPECT_LT(lines, 1000U);
    EXPECT_EQ(provider.ledger("line").size(), lines);
    EXPECT_EQ(at(operation, "metadata.batchStats.successfulRequestCount"), std::to_string(lines));
  }
}

TEST(JobSwitches, DeleteRunningGoesOn) {
  Provider provider({}, {.job_seconds = 0.5, .max_jobs = 1, .switches = {{"delete-running", "goes-on"}}});
  const auto file = provider.upload(line("a", "1"));
  const auto job = provider.create_job(file);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + job).body, "{}");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job).status, 404);
  EXPECT_EQ(provider.call("GET", "/v1beta/batches").body, "{}");
  EXPECT_EQ(provider.create(file).status, 429);  // it counts against the limit
  Reply next;
  for (int i = 0; i < 4000 && next.status != 200; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    next = provider.create(file);
  }
  EXPECT_EQ(next.status, 200);  // until it has ended
  EXPECT_EQ(provider.ledger("line").size(), 1U);
  EXPECT_EQ(at(provider.ledger("line").at(0), "job"), job.substr(8));
}

TEST(JobSwitches, MissingFile) {
  Provider provider;
  EXPECT_EQ(provider.create("files/nobody").status, 404);
  EXPECT_EQ(switch_message(provider.create("files/nobody")), "Requested entity was not found.");
  set_job_switches(provider, R"({"missing-file":"403"})");
  EXPECT_EQ(provider.create("files/nobody").status, 403);
  set_job_switches(provider, R"({"missing-file":"400"})");
  EXPECT_EQ(provider.create("files/nobody").status, 400);
}

TEST(JobSwitches, UnknownAndForeignBatches) {
  Provider provider;
  EXPECT_EQ(switch_message(provider.call("GET", "/v1beta/batches/nobody")), "Requested entity was not found.");
  const auto job = provider.create_job(provider.upload(line("a", "1")));
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job, {}, {}, "other:1").status, 404);
  set_job_switches(provider, R"({"foreign-batch":"403","unknown-batch-text":"No such thing."})");
  EXPECT_EQ(provider.call("GET", "/v1beta/" + job, {}, {}, "other:1").status, 403);
  EXPECT_EQ(provider.call("DELETE", "/v1beta/" + job, {}, {}, "other:1").status, 403);
  EXPECT_EQ(provider.call("POST", "/v1beta/" + job + ":cancel", {}, {}, "other:1").status, 403);
  EXPECT_EQ(switch_message(provider.call("GET", "/v1beta/batches/nobody")), "No such thing.");
}

TEST(JobSwitches, ListFilter) {
  Provider provider;
  EXPECT_EQ(provider.call("GET", "/v1beta/batches?filter=x").status, 200);
  set_job_switches(provider, R"({"list-filter":"400"})");
  EXPECT_EQ(provider.call("GET", "/v1beta/batches?filter=x").status, 400);
  EXPECT_EQ(provider.call("GET", "/v1beta/batches").status, 200);
}

TEST(JobSwitches, LineFailure) {
  const auto* rules = R"({"rules":[{"on":"line","do":"error","code":13,"message":"no"}]})";
  Provider provider(rules);
  EXPECT_EQ(at(provider.run(line("a", "1")).at(0), "error.code"), "13");
  set_job_switches(provider, R"({"line-failure":"status"})");
  const auto object = provider.run(line("a", "1")).at(0);
  EXPECT_EQ(at(object, "status.code"), "13");
  EXPECT_EQ(at(object, "error"), "");
  EXPECT_EQ(at(object, "key"), "a");
  set_job_switches(provider, R"({"line-failure":"status-text"})");
  EXPECT_EQ(at(provider.run(line("a", "1")).at(0), "status"), R"(Request failed: {"code":13,"message":"no"})");
}

TEST(JobSwitches, MissingLinesInTheLedger) {
  Provider provider(R"({"rules":[{"on":"line","do":"missing"}]})");
  for (const std::string booked : {"withheld", "billed", "not-billed"}) {
    set_job_switches(provider, R"({"missing-lines":")" + booked + "\"}");
    provider.run(line("a", booked));
    EXPECT_EQ(at(provider.ledger("line").back(), "billed"), booked == "not-billed" ? "not billed" : booked);
  }
}

TEST(JobSwitches, Priority) {
  for (const std::string order : {"ignored", "ordered"}) {
    Provider provider({}, {.job_seconds = 0.2, .switches = {{"priority", order}}});
    const auto file = provider.upload(line("a", "1"));
    const auto create = [&](const std::string& priority) {
      const auto reply =
          provider.call("POST", "/v1beta/models/gemini-x:batchGenerateContent",
                        R"({"batch":{"inputConfig":{"fileName":")" + file + R"("},"priority":")" + priority + "\"}}");
      EXPECT_EQ(at(reply.body, "metadata.priority"), priority);
      return at(reply.body, "name");
    };
    const auto low = create("-5");
    const auto high = create("7");
    provider.end_of(low);
    provider.end_of(high);
    const auto ends = provider.ledger("end");
    ASSERT_EQ(ends.size(), 2U);
    const auto& first = order == "ordered" ? high : low;
    EXPECT_EQ("batches/" + at(ends[0], "job"), first) << order;
  }
}

}  // namespace
}  // namespace batchd::emulator
