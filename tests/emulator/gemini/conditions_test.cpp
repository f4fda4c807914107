// Rules with conditions, and rules that change while the emulator runs.
#include <gtest/gtest.h>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

TEST(PromptConditions, PoisonRefusesEveryCreateThatHoldsIt) {
  Provider provider(fault_rules(R"({"on":"create","do":"status","status":400,"if_prompt_contains":"POISON"})"));
  const auto good = line("a", "1");
  const auto bad = line("b", "some POISON here");
  const auto refused = provider.create(provider.upload(good + bad + good));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(refused.body, "error.status"), "INVALID_ARGUMENT");
  EXPECT_EQ(at(refused.body, "error.message").find("line"), std::string::npos);
  EXPECT_EQ(provider.create(provider.upload(good + good)).status, 200);
  EXPECT_EQ(provider.create(provider.upload(bad)).status, 400);
  EXPECT_EQ(provider.ledger("job").size(), 1U);
  // not a prompt
  EXPECT_EQ(provider.create(provider.upload(line("POISON", "1"))).status, 200);
}

TEST(PromptConditions, OnlyWhatMeetsThemIsCounted) {
  Provider provider(fault_rules(R"({"on":"create","nth":2,"do":"status","status":503,"if_prompt_contains":"X"})"));
  const auto with = provider.upload(line("a", "X"));
  const auto without = provider.upload(line("a", "Y"));
  std::string seen;
  for (const auto& file : {without, with, without, without, with, with})
    seen += provider.create(file).status == 200 ? '.' : 'X';
  EXPECT_EQ(seen, "....X.");
}

TEST(PromptConditions, ACreateThatCantBeReadMeetsNone) {
  Provider provider(fault_rules(R"({"on":"create","do":"status","status":503,"if_prompt_contains":"X"})"));
  EXPECT_EQ(provider.create("files/nobody").status, 404);
  EXPECT_EQ(provider.call("POST", "/v1beta/models/gemini-x:batchGenerateContent", "{").status, 400);
  EXPECT_EQ(provider.create(provider.upload(line("a", "X")), "t", "gemini-x", "").status, 403);
}

TEST(PromptConditions, OfLines) {
  Provider provider(fault_rules(R"({"on":"line","nth":2,"do":"error","if_prompt_contains":"X"})"));
  const auto lines = provider.run(line("a", "1") + line("b", "X1") + line("c", "2") + line("d", "3X") + line("e", "X"));
  ASSERT_EQ(lines.size(), 5U);
  for (const auto& result : lines) EXPECT_EQ(at(result, "error").empty(), at(result, "key") != "d") << result;
}

TEST(PromptConditions, OfJobs) {
  Provider provider(fault_rules(R"({"on":"job","do":"expire","if_prompt_contains":"X"})"));
  const auto end = [&](const std::string& input) {
    return at(provider.end_of(provider.create_job(provider.upload(input))), "metadata.state");
  };
  EXPECT_EQ(end(line("a", "1") + line("b", "2")), "BATCH_STATE_SUCCEEDED");
  EXPECT_EQ(end(line("a", "1") + line("b", "X")), "BATCH_STATE_EXPIRED");
}

TEST(KeyConditions, ARevokedKey) {
  Provider provider(fault_rules(R"({"on":"any","do":"invalid_key","if_key":"p:old"})"));
  const auto refused = provider.call("GET", "/v1beta/models", {}, {}, "p:old");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(at(refused.body, "error.details.0.reason"), "API_KEY_INVALID");
  EXPECT_EQ(provider.call("GET", "/v1beta/models?key=p:old", {}, {}, "").status, 400);
  for (const auto* key : {"p:new", "p:old2", "k"})
    EXPECT_EQ(provider.call("GET", "/v1beta/models", {}, {}, key).status, 200) << key;
}

TEST(KeyConditions, WithAnyAction) {
  Provider provider(fault_rules(R"({"on":"list","nth":2,"do":"status","status":503,"if_key":"a"})"));
  std::string seen;
  for (const auto* key : {"a", "b", "b", "a", "a"})
    seen += provider.call("GET", "/v1beta/batches", {}, {}, key).status == 200 ? '.' : 'X';
  EXPECT_EQ(seen, "...X.");
}

TEST(Control, RulesChangeWhileItRuns) {
  Provider provider(fault_rules(R"({"on":"models","nth":2,"do":"status","status":500})"));
  const auto models = [&] { return provider.call("GET", "/v1beta/models", {}, {}, "old").status; };
  const auto set = [&](const std::string& text) { return provider.call("POST", "/emulator/faults", text, {}, ""); };
  EXPECT_EQ(models(), 200);
  const auto answer = set(fault_rules(R"({"on":"any","do":"invalid_key","if_key":"old"})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"rules":1})");
  EXPECT_EQ(models(), 400);
  EXPECT_EQ(models(), 400);
  EXPECT_EQ(set(fault_rules(R"({"on":"models","first":1,"do":"status","status":503})")).status, 200);
  EXPECT_EQ(models(), 503);
  EXPECT_EQ(models(), 200);
  EXPECT_EQ(set("{}").body, R"({"rules":0})");
  EXPECT_EQ(provider.ledger("faults").size(), 3U);
}

TEST(Control, WrongRulesChangeNothing) {
  Provider provider(fault_rules(R"({"on":"any","do":"status","status":503})"));
  const auto refused = provider.call("POST", "/emulator/faults", fault_rules(R"({"on":"creat","do":"delay"})"));
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(at(refused.body, "error.message").find("rule 1: \"on\""), std::string::npos);
  EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 503);
  EXPECT_EQ(provider.call("GET", "/emulator/faults").status, 503);  // no such call: one of any
}

TEST(Control, RulesAreReplacedUnderACallThatWaits) {
  Provider provider(fault_rules(R"({"on":"models","do":"delay","ms":300})"));
  std::thread waiting([&] { EXPECT_EQ(provider.call("GET", "/v1beta/models").status, 200); });
  for (int i = 0; i < 1000 && provider.ledger("fault").empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(provider.call("POST", "/emulator/faults", "{}").status, 200);
  waiting.join();
}

}  // namespace
}  // namespace batchd::emulator
