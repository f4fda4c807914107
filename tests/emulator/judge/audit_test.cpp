// The audit: ledgers made by hand, where each verdict is known, and real ones.
#include "emulator/judge/audit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "proto/json/digest.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

std::string digest(std::string_view prompt) { return json::hex(json::sha256(prompt)); }

class AuditTest : public testing::Test {
 protected:
  AuditTest() {
    std::string path = (std::filesystem::temp_directory_path() / "audit-test.XXXXXX").string();
    folder_ = ::mkdtemp(path.data());
  }
  ~AuditTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, std::string_view text) {
    const auto path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  Audit judge(std::string_view ledger, std::string_view expected) {
    return audit(file("ledger", ledger), file("expected", expected));
  }
  std::string complaint(std::string_view ledger, std::string_view expected) {
    try {
      judge(ledger, expected);
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "none";
  }

 private:
  std::filesystem::path folder_;
};

std::string job(const std::string& id) {
  return R"({"event":"job","job":")" + id + R"(","token":"t-)" + id + R"(","file":"files/in","model":"m","lines":1})" +
         "\n";
}
std::string row(const std::string& id, std::string_view prompt, const std::string& billed,
                const std::string& delivered) {
  return R"({"event":"line","job":")" + id + R"(","key":"k","prompt_sha256":")" + digest(prompt) + R"(","billed":")" +
         billed + R"(","delivered":")" + delivered + "\"}\n";
}
std::string end(const std::string& id) {
  return R"({"event":"end","job":")" + id + R"(","state":"BATCH_STATE_SUCCEEDED"})" + "\n";
}
std::string fetched(const std::string& id) {
  return R"({"event":"download","file":"files/batch-)" + id + "\",\"bytes\":1}\n";
}

// A job that ran these rows to its end, and whose results were fetched.
std::string whole(const std::string& id, const std::string& rows) { return job(id) + rows + end(id) + fetched(id); }

TEST_F(AuditTest, Clean) {
  const auto verdict = judge(whole("j", row("j", "a", "billed", "response") + row("j", "b", "not billed", "error")),
                             line("k", "a") + digest("b") + "\n\n");
  EXPECT_TRUE(verdict.clean()) << audit_text(verdict);
  EXPECT_EQ(verdict.expected, 2);
  EXPECT_EQ(verdict.billed_once, 1);
  EXPECT_EQ(verdict.failed, 1);
  EXPECT_NE(audit_text(verdict).find("\nclean\n"), std::string::npos);
}

TEST_F(AuditTest, Lost) {
  // b was in a job that never came to it; c nowhere.
  const auto verdict = judge(whole("j", row("j", "a", "billed", "response") + row("j", "b", "not billed", "nothing")),
                             digest("a") + "\n" + digest("b") + "\n" + digest("c") + "\n");
  ASSERT_EQ(verdict.lost.size(), 2U);
  EXPECT_EQ(verdict.lost[0].prompt_sha256, digest("b"));
  EXPECT_EQ(verdict.lost[0].line, 2U);
  EXPECT_EQ(verdict.lost[1].prompt_sha256, digest("c"));
  EXPECT_FALSE(verdict.clean());
  EXPECT_NE(audit_text(verdict).find("lost: " + digest("b") + " (line 2)"), std::string::npos);
}

TEST_F(AuditTest, BilledTwice) {
  const auto verdict =
      judge(whole("j", row("j", "a", "billed", "response")) + whole("k", row("k", "a", "billed", "response")),
            digest("a") + "\n");
  ASSERT_EQ(verdict.billed_twice.size(), 1U);
  EXPECT_EQ(verdict.billed_twice[0].billed, 2);
  EXPECT_EQ(verdict.billed_once, 0);
  EXPECT_FALSE(verdict.clean());
}

TEST_F(AuditTest, WhatIsExpectedTwiceMayBeBilledTwice) {
  const auto both = row("j", "a", "billed", "response") + row("j", "a", "billed", "response");
  EXPECT_TRUE(judge(whole("j", both), digest("a") + "\n" + line("k", "a")).clean());
  const auto half = judge(whole("j", row("j", "a", "billed", "response")), digest("a") + "\n" + digest("a") + "\n");
  EXPECT_EQ(half.lost.size(), 1U);
}

TEST_F(AuditTest, SynchronousCallsAreBilledToo) {
  const auto call =
      R"({"event":"generate","model":"m","prompt_sha256":")" + digest("a") + "\",\"billed\":\"billed\"}\n";
  EXPECT_TRUE(judge(call, digest("a")).clean());
  EXPECT_EQ(judge(call + whole("j", row("j", "a", "billed", "response")), digest("a")).billed_twice.size(), 1U);
}

TEST_F(AuditTest, WithheldIsNoTroubleAndNoLoss) {
  const auto once = judge(whole("j", row("j", "a", "withheld", "damaged")), digest("a"));
  EXPECT_TRUE(once.clean());
  EXPECT_EQ(once.withheld, 1);
  const auto again =
      judge(whole("j", row("j", "a", "withheld", "damaged") + row("j", "a", "billed", "response")), digest("a"));
  EXPECT_TRUE(again.clean());
  EXPECT_EQ(again.billed_once, 1);
  EXPECT_EQ(again.withheld, 0);
  EXPECT_EQ(again.withheld_rows, 1);
}

TEST_F(AuditTest, Unknown) {
  const auto verdict =
      judge(whole("j", row("j", "a", "billed", "response") + row("j", "x", "billed", "response")), digest("a"));
  ASSERT_EQ(verdict.unknown.size(), 1U);
  EXPECT_EQ(verdict.unknown[0].prompt_sha256, digest("x"));
  EXPECT_FALSE(verdict.clean());
}

TEST_F(AuditTest, Orphans) {
  const auto a = row("j", "a", "billed", "response");
  const auto undownloaded = judge(job("j") + a + end("j"), digest("a"));
  ASSERT_EQ(undownloaded.orphans.size(), 1U);
  EXPECT_EQ(undownloaded.orphans[0].token, "t-j");
  EXPECT_EQ(undownloaded.orphans[0].why, "never downloaded");
  EXPECT_FALSE(undownloaded.clean());

  const auto live = judge(whole("j", a) + job("k"), digest("a"));
  ASSERT_EQ(live.orphans.size(), 1U);
  EXPECT_EQ(live.orphans[0].job, "k");
  EXPECT_EQ(live.orphans[0].why, "never ended");

  const auto gone = whole("j", a) + job("k") + R"({"event":"delete","job":"k"})" + "\n";
  EXPECT_TRUE(judge(gone, digest("a")).clean());
  // Ended without any result: there is nothing to fetch.
  EXPECT_TRUE(judge(whole("j", a) + job("k") + row("k", "a", "not billed", "nothing") + end("k"), digest("a")).clean());
}

TEST_F(AuditTest, Embeddings) {
  const auto input = R"({"key":"k","request":{"content":{"parts":[{"text":"a"}]}}})";
  EXPECT_TRUE(judge(whole("j", row("j", "a", "billed", "response")), input).clean());
}

TEST_F(AuditTest, SaysWhatItCannotRead) {
  EXPECT_NE(complaint("", "not a digest\n").find("expected, line 1: neither"), std::string::npos);
  EXPECT_NE(complaint("", line("k", "a") + "{}\n").find("expected, line 2: neither"), std::string::npos);
  EXPECT_NE(complaint("{\"event\":\"end\"}\n[]\n{\"event\":\"end\"}\n", "").find("ledger, line 2: no row"),
            std::string::npos);
  EXPECT_THROW(audit("/nowhere/ledger", file("expected", "")), std::runtime_error);
  EXPECT_THROW(audit(file("ledger", ""), "/nowhere/expected"), std::runtime_error);
}

TEST_F(AuditTest, ATornLastRowIsLeftOut) {
  const auto verdict = judge(whole("j", row("j", "a", "billed", "response")) + "{\"event\":\"li", digest("a"));
  EXPECT_TRUE(verdict.clean());
  EXPECT_TRUE(verdict.torn);
}

TEST_F(AuditTest, AsJson) {
  const auto json = audit_json(judge(job("j") + row("j", "x", "billed", "response") + end("j"), digest("a") + "\n"));
  EXPECT_EQ(at(json, "clean"), "false");
  EXPECT_EQ(at(json, "lost.0.prompt_sha256"), digest("a"));
  EXPECT_EQ(at(json, "lost.0.line"), "1");
  EXPECT_EQ(at(json, "unknown.0.prompt_sha256"), digest("x"));
  EXPECT_EQ(at(json, "orphans.0.why"), "never downloaded");
  EXPECT_EQ(at(json, "billed_twice"), "[]");
}

TEST_F(AuditTest, ALedgerOfTheEmulatorsOwn) {
  Provider provider(R"({"rules":[{"on":"line","nth":2,"do":"missing"},{"on":"line","nth":3,"do":"error"}]})");
  const auto input = line("a", "1") + line("b", "2") + line("c", "3");
  provider.run(input);
  const auto first = audit(provider.ledger_path(), file("expected", input));
  EXPECT_TRUE(first.clean()) << audit_text(first);
  EXPECT_EQ(first.billed_once, 1);
  EXPECT_EQ(first.withheld, 1);
  EXPECT_EQ(first.failed, 1);
  // The same once more: the first line is paid for twice, and nobody fetches it.
  provider.end_of(provider.create_job(provider.upload(line("a", "1")), "again"));
  const auto second = audit(provider.ledger_path(), file("expected", input));
  EXPECT_EQ(second.billed_twice.size(), 1U);
  ASSERT_EQ(second.orphans.size(), 1U);
  EXPECT_EQ(second.orphans[0].token, "again");
}

TEST(Roster, AJobsPromptsAreInTheLedgerBeforeItRuns) {
  Provider provider("{}", {.job_seconds = 3600});
  const auto job = provider.create_job(provider.upload(line("a", "1") + "\n" + line("b", "2")));
  const auto rows = provider.ledger("request");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ("batches/" + at(rows[1], "job"), job);
  EXPECT_EQ(at(rows[1], "key"), "b");
  EXPECT_EQ(at(rows[1], "prompt_sha256"), digest("2"));
  EXPECT_EQ(provider.create("files/none").status, 404);
  EXPECT_EQ(provider.ledger("request").size(), 2U);
}

}  // namespace
}  // namespace batchd::emulator
