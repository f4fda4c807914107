// What refused creates do to whom, seen through the real programs: nobody's request fails for somebody else's, and
// nobody fails for the account. And each way in which the provider is known to behave, by the emulator's switches.
#include "tests/e2e/calls.h"
#include "tests/e2e/judged.h"
#include "tests/harness/size.h"

namespace batchd::e2e {
namespace {

constexpr Milliseconds kVerdictPatience{150'000};
constexpr int kCreatesPerPart = 64;

// Two owners, who come over TCP.
class Verdicts : public JudgedTest {
 protected:
  struct Owner {
    std::string name, token;
  };
  const Owner ann_{"ann", "token-of-ann-0123456789"}, bob_{"bob", "token-of-bob-0123456789"};

  void start_with(EmulatorSettings emulator, std::map<std::string, std::string> config = {}) {
    auto all = judged_times();
    all["packing.max_items"] = "20000";
    all["packing.max_age"] = "\"1h\"";
    all["log.level"] = "\"info\"";
    // No answer stays away here. One that is only late would count as lost, and put batches on hold.
    all["accounts.default.answer_timeout"] = all["accounts.default.stall_timeout"] = "\"30s\"";
    for (auto& [key, value] : config) all[key] = value;
    start(std::move(emulator),
          {.tokens = ann_.name + ' ' + ann_.token + "\n" + bob_.name + ' ' + bob_.token + "\n", .config = all});
  }
  Headers as(const Owner& owner, const std::string& type = "application/json") const {
    return {{"Authorization", "Bearer " + owner.token}, {"Content-Type", type}};
  }
  // Lines of a group; `text` comes as the prompt of each.
  void accept(const Owner& owner, const std::string& group, const std::string& text, int count) {
    std::string body;
    for (int i = 0; i < count; ++i)
      body += R"({"request":{"contents":[{"parts":[{"text":")" + text + ' ' + std::to_string(i) + "\"}]}]}}\n";
    accept_lines(owner, group, body, count);
  }
  void accept_lines(const Owner& owner, const std::string& group, const std::string& body, int count) {
    LocalHttp http(daemon_->tcp_port());
    const auto reply = http.post("/v1/requests?group=" + group + "&model=" + std::string(kModel), body,
                                 as(owner, "application/x-ndjson"));
    ASSERT_TRUE(reply);
    ASSERT_EQ(Json(reply->body).number("/accepted"), count) << reply->body;
  }
  void send_all() {
    LocalHttp http(daemon_->socket());
    ASSERT_EQ(http.post("/admin/lanes/flush", "{}").value_or(HttpReply()).status, 200);
  }
  std::int64_t count(const Owner& owner, const std::string& state) {
    LocalHttp http(daemon_->tcp_port());
    const auto reply = http.get("/v1/status", as(owner));
    return reply ? Json(reply->body).number("/requests/" + state, 0) : -1;
  }
  std::vector<Json> results(const Owner& owner, const std::string& channel) {
    std::vector<Json> all;
    std::string cursor;
    for (LocalHttp http(daemon_->tcp_port());;) {
      const auto reply = http.get("/v1/results?limit=1000&channel=" + channel + cursor, as(owner));
      if (!reply || reply->status != 200) return all;
      const auto some = json_lines(reply->body);
      if (some.empty()) return all;
      all.insert(all.end(), some.begin(), some.end());
      cursor = "&after=" + some.back().text("/cursor");
    }
  }
  std::vector<Json> attention(const std::string& kind) {
    LocalHttp http(daemon_->socket());
    const auto reply = http.get("/admin/attention");
    auto items = Json(reply ? reply->body : std::string()).items("/items");
    std::erase_if(items, [&](const Json& item) { return item.text("/kind") != kind; });
    return items;
  }
  std::size_t creates() { return emulator_->ledger().count("job") + emulator_->ledger().count("refused"); }
  void expect_nothing_billed_twice() {
    for (const auto& [digest, times] : emulator_->ledger().lines("billed")) ASSERT_EQ(times, 1) << digest;
    EXPECT_TRUE(daemon_->admin_status().flag("/balanced"));
  }
};

struct Manner {
  std::string name;
  std::string named_lines;
  std::string words;
};
class TwoOwners : public Verdicts, public ::testing::WithParamInterface<Manner> {};

// One owner's bad requests cost another owner nothing. A bad one fails with its own words, or waits, for all to see.
TEST_P(TwoOwners, OnesBadRequestsCostTheOtherNothing) {
  const int good = harness::requests_of(500, 5'000), bad = harness::requests_of(900, 9'000);
  start_with({.faults = R"({"refusals":[{"text":"BAD","words":")" + GetParam().words + R"("}]})",
              .arguments = {"--switch", "named-lines=" + GetParam().named_lines, "--tier", "0"}});
  accept(ann_, "good", "fine", good);
  accept(bob_, "bad", "BAD", bad);
  send_all();
  EXPECT_TRUE(eventually([&] { return count(ann_, "succeeded") == good; }, kVerdictPatience));
  const auto settled = [&] {
    const auto items = attention("suspicious_requests");
    const auto suspicious = items.empty() ? 0 : items[0].number("/requests");
    return count(bob_, "failed") + suspicious == bad && daemon_->in_state("packed") == 0;
  };
  EXPECT_TRUE(eventually(settled, kVerdictPatience));
  EXPECT_EQ(count(ann_, "failed"), 0);
  EXPECT_LE(creates(), static_cast<std::size_t>(kCreatesPerPart) + 2);
  for (const auto& result : results(bob_, "bad")) {
    ASSERT_EQ(result.text("/error/message").find("line "), 0U) << result.text("/error/message");
    ASSERT_NE(result.text("/error/message").find(" of your group: "), std::string::npos);
    ASSERT_EQ(result.text("/error/message").find("Error on line"), std::string::npos);
  }
  const auto items = attention("suspicious_requests");
  if (count(bob_, "failed") < bad) {
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].text("/owner"), "bob");
    const auto lanes = daemon_->admin_status().items("/lanes");
    ASSERT_EQ(lanes.size(), 1U);
    EXPECT_GT(lanes[0].number("/suspicious"), 0);
  }
  EXPECT_EQ(daemon_->batches_in_state("held"), 0);
  expect_nothing_billed_twice();
}
INSTANTIATE_TEST_SUITE_P(Manners, TwoOwners,
                         ::testing::Values(Manner{"anonymous", "0", "x"}, Manner{"hundred", "100", "no such field"},
                                           Manner{"five", "5", "no such field"},
                                           Manner{"quoting", "100", "no such field: '{prompt}'"}),
                         [](const auto& test) { return test.param.name; });

// The words quote a text that looks as if lines of somebody else were refused.
TEST_F(Verdicts, AQuotedTextConvictsNobody) {
  start_with(
      {.faults = R"({"refusals":[{"text":"Error on line","words":"no such field: '{name}'"}]})", .arguments = {}});
  accept(ann_, "good", "fine", 3);
  accept_lines(
      bob_, "bad",
      R"({"request":{"contents":[{"parts":[{"text":"x"}]}],"\nError on line 1: Error on line 2: \nError on line 3: ":1}})"
      "\n",
      1);
  accept(ann_, "more", "fine, too", 3);
  send_all();
  EXPECT_TRUE(eventually([&] { return count(ann_, "succeeded") == 6; }, kVerdictPatience));
  EXPECT_TRUE(eventually([&] { return count(bob_, "failed") == 1; }, kVerdictPatience));
  EXPECT_EQ(results(bob_, "bad").at(0).text("/error/message").find("line 1 of your group: no such field: '"), 0U);
}

TEST_F(Verdicts, TwentyBadOnesAllFailWithTheirOwnWords) {
  for (const std::string named : {"0", "5", "100"}) {
    SCOPED_TRACE(named);
    emulator_.reset();
    daemon_.reset();
    start_with({.faults = R"({"refusals":[{"text":"BAD","words":"no such field: '{prompt}'"}]})",
                .arguments = {"--switch", "named-lines=" + named}});
    const auto group = "g" + named;
    accept(ann_, group, "fine", 100);
    accept(bob_, group, "BAD", 20);
    send_all();
    EXPECT_TRUE(eventually([&] { return count(ann_, "succeeded") >= 100; }, kVerdictPatience));
    EXPECT_TRUE(eventually([&] { return count(bob_, "failed") >= 20; }, kVerdictPatience));
  }
}

// What one member names isn't there: the provider refuses the create as if the account could not do this.
TEST_F(Verdicts, AMembersOwnFileFailsThatMember) {
  for (const std::string code : {"403", "404"}) {
    SCOPED_TRACE(code);
    emulator_.reset();
    daemon_.reset();
    start_with({.arguments = {"--switch", "references=checked", "--switch", "missing-cache=" + code}});
    const auto group = "g" + code;
    accept(ann_, group, "fine", 20);
    accept(bob_, group, "fine", 5);
    accept_lines(bob_, "file" + code,
                 R"({"request":{"contents":[{"parts":[{"fileData":{"fileUri":")"
                 R"(https://generativelanguage.googleapis.com/v1beta/files/nobodys"}}]}]}})"
                 "\n",
                 1);
    accept_lines(bob_, "cache" + code,
                 R"({"request":{"contents":[],"cachedContent":"cachedContents/nobodys"}})"
                 "\n",
                 1);
    send_all();
    EXPECT_TRUE(eventually([&] { return count(ann_, "succeeded") >= 20; }, kVerdictPatience));
    EXPECT_TRUE(
        eventually([&] { return count(bob_, "failed") >= 2 && count(bob_, "succeeded") >= 5; }, kVerdictPatience));
    EXPECT_TRUE(attention("account").empty());
  }
}

class Unpaid : public Verdicts, public ::testing::WithParamInterface<std::tuple<std::string, int>> {};

// An account whose creates are all refused fails nobody, and goes on when that is mended.
TEST_P(Unpaid, AnAccountThatRefusesCreatesFailsNobody) {
  const auto& [creates_switch, requests] = GetParam();
  start_with({.arguments = {"--switch", "creates=" + creates_switch}});
  accept(ann_, "all", "patient", requests);
  send_all();
  EXPECT_TRUE(eventually([&] { return !attention("account").empty() && creates() >= 4; }, kVerdictPatience));
  EXPECT_EQ(count(ann_, "failed"), 0);
  ASSERT_EQ(emulator_->post("/emulator/switches", R"({"creates":"open"})"), 200);
  EXPECT_TRUE(
      eventually([&, count_wanted = requests] { return count(ann_, "succeeded") == count_wanted; }, kVerdictPatience));
  EXPECT_TRUE(attention("account").empty());
  expect_nothing_billed_twice();
}
INSTANTIATE_TEST_SUITE_P(
    Accounts, Unpaid, ::testing::Combine(::testing::Values("billing", "location", "denied"), ::testing::Values(1, 500)),
    [](const auto& test) { return std::get<0>(test.param) + std::to_string(std::get<1>(test.param)); });

TEST_F(Verdicts, AModelWithoutTheBatchMethodFailsItsRequests) {
  start_with({.arguments = {"--switch", "models-without-batch=" + std::string(kModel)}});
  accept(ann_, "all", "for nothing", 5);
  send_all();
  EXPECT_TRUE(eventually([&] { return count(ann_, "failed") == 5; }, kVerdictPatience));
  EXPECT_TRUE(attention("account").empty());
  EXPECT_EQ(emulator_->ledger().count("refused"), 1U);
}

// --- the provider's ways, one switch at a time

struct Way {
  std::string name;
  std::vector<std::string> switches;
  std::string faults = {};
};

class Ways : public JudgedTest, public ::testing::WithParamInterface<Way> {};

TEST_P(Ways, EveryRequestHasItsAnswerOnce) {
  std::vector<std::string> arguments;
  for (const auto& one : GetParam().switches) arguments.insert(arguments.end(), {"--switch", one});
  auto config = judged_times();
  config["packing.max_items"] = "20";
  start({.job_seconds = 0.3, .faults = GetParam().faults, .arguments = arguments}, {.config = config});
  submit(60);
  ASSERT_GE(wait_until_over(kVerdictPatience), 0);
  read_answers();
  if (retry_failed() > 0) {
    ASSERT_GE(wait_until_over(kVerdictPatience), 0);
    read_answers();
  }
  EXPECT_EQ(ends_["succeeded"], 60);
  judge();
}

std::vector<Way> ways() {
  const std::string lost =
      R"({"rules":[{"on":"create","nth":1,"do":"reset_after"},{"on":"create","nth":3,"do":"reset_before"}]})";
  const std::string gone = R"({"rules":[{"on":"create","nth":2,"do":"lose_file"}]})";
  return {
      {"output_file", {"output=file"}},
      {"output_inline", {"output=inline"}},
      {"output_inline_if_small", {"output=inline-if-small"}},
      {"input_read_at_create", {"input-read=create"}, lost},
      {"input_read_at_start", {"input-read=start"}, lost},
      {"missing_file_404", {"missing-file=404"}, gone},
      {"missing_file_403", {"missing-file=403"}, gone},
      {"missing_file_400", {"missing-file=400"}, gone},
      {"storage_refund_at_once", {"storage-refund=at-once"}},
      {"storage_refund_late", {"storage-refund=late"}},
      {"storage_refund_never", {"storage-refund=never"}},
      {"embedded_status",
       {},
       R"({"rules":[{"on":"line","every":7,"first_attempt_only":true,"do":"embedded_status"}]})"},
      // The second DELETE is answered 403, as if the file were somebody else's.
      {"deleted_twice", {}, R"({"rules":[{"on":"file_delete","first":2,"do":"reset_after"}]})"},
      {"output_in_metadata_only", {}, R"({"rules":[{"on":"get","do":"unset","path":"response"}]})"},
      {"output_in_response_only", {}, R"({"rules":[{"on":"get","do":"unset","path":"metadata.output"}]})"},
      {"processing", {"processing-seconds=1"}},
      {"processing_and_failed",
       {},
       R"({"rules":[{"on":"upload_chunk","nth":1,"do":"processing","seconds":1,"fails":true}]})"},
      {"retry_after", {}, R"({"rules":[{"on":"create","nth":1,"do":"quota","retry_info":"1s"}]})"},
  };
}
INSTANTIATE_TEST_SUITE_P(Switches, Ways, ::testing::ValuesIn(ways()), [](const auto& test) { return test.param.name; });

class CancelledCode : public JudgedTest, public ::testing::WithParamInterface<std::string> {};

// A job that is cancelled by somebody else: what wasn't run isn't taken for failed.
TEST_P(CancelledCode, WhatWasNotRunIsToldAsCancelled) {
  auto config = judged_times();
  start({.job_seconds = 30,
         .faults = {},
         .arguments = {"--switch", "cancelled-code=" + GetParam(), "--switch", "cancelled-output=partial"}},
        {.config = config});
  submit(10);
  ASSERT_TRUE(eventually([&] { return daemon_->batches_in_state("submitted") > 0; }, kVerdictPatience));
  for (const auto& row : emulator_->ledger().rows()) {
    if (row.event != "job") continue;
    ASSERT_EQ(emulator_->post("/v1beta/batches/" + row.job + ":cancel", "{}"), 200);
  }
  ASSERT_GE(wait_until_over(kVerdictPatience), 0);
  read_answers();
  EXPECT_EQ(ends_["failed 1"] + ends_["succeeded"], 10);
}
INSTANTIATE_TEST_SUITE_P(Codes, CancelledCode, ::testing::Values("1", "13", "13-and-rows"),
                         [](const auto& test) { return "code_" + std::to_string(test.index); });

}  // namespace
}  // namespace batchd::e2e
