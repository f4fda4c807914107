// Creates that are refused for what is in their lines, and how many lines a refusal names.
#include <gtest/gtest.h>

#include <set>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

std::string refusals(const std::string& rows) { return R"({"refusals":[)" + rows + "]}"; }

std::string message_of(const Reply& reply) { return at(reply.body, "error.message"); }

// Lines "k1" and so on, whose prompts are "bad" where `bad` has the number.
std::string some_bad(int lines, const std::set<int>& bad) {
  std::string out;
  for (int i = 1; i <= lines; ++i) out += line("k" + std::to_string(i), bad.contains(i) ? "bad" : "good");
  return out;
}

TEST(Refusals, NameTheLines) {
  Provider provider(refusals(R"({"text":"bad","words":"no such thing"})"));
  const auto reply = provider.create(provider.upload(some_bad(4, {2, 4})));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(at(reply.body, "error.status"), "INVALID_ARGUMENT");
  EXPECT_EQ(message_of(reply), "Error on line 2: no such thing\nError on line 4: no such thing");
  EXPECT_EQ(jobs_made(provider), 0U);
  ASSERT_EQ(provider.ledger("refused").size(), 1U);
  EXPECT_EQ(at(provider.ledger("refused")[0], "status"), "400");
  EXPECT_TRUE(provider.ledger("line").empty());
  EXPECT_EQ(provider.create(provider.upload(some_bad(4, {}))).status, 200);
}

TEST(Refusals, NameSoManyLinesAtMost) {
  Provider provider(refusals(R"({"text":"bad","words":"no"})"), {.switches = {{"named-lines", "1"}}});
  const auto file = provider.upload(some_bad(3, {2, 3}));
  EXPECT_EQ(message_of(provider.create(file)), "Error on line 2: no");
  provider.call("POST", "/emulator/switches", R"({"named-lines":0})");
  EXPECT_EQ(message_of(provider.create(file)), "Request contains an invalid argument.");
  // The same holds for lines that are wrong by themselves.
  const auto wrong = provider.upload(R"({"key":"a","request":{"surprise":1}})"
                                     "\n");
  EXPECT_EQ(message_of(provider.create(wrong)), "Request contains an invalid argument.");
  provider.call("POST", "/emulator/switches", R"({"named-lines":100})");
  EXPECT_TRUE(message_of(provider.create(wrong)).starts_with("Error on line 1: "));
}

TEST(Refusals, HaveStatusDetailsAndNoNameIfTheyAreToldSo) {
  Provider provider(refusals(R"({"text":"bad","status":403,"words":"Not yours.","named":false},
                                {"text":"early","status":400,"grpc":"FAILED_PRECONDITION","words":"not yet","named":false,
                                 "details":[{"@type":"x"}]})"));
  const auto denied = provider.create(provider.upload(some_bad(2, {2})));
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(at(denied.body, "error.status"), "PERMISSION_DENIED");
  EXPECT_EQ(message_of(denied), "Not yours.");
  const auto early = provider.create(provider.upload(line("a", "early") + line("b", "bad")));
  EXPECT_EQ(early.status, 400);  // the first line decides
  EXPECT_EQ(at(early.body, "error.status"), "FAILED_PRECONDITION");
  EXPECT_EQ(at(early.body, "error.details"), R"([{"@type":"x"}])");
  EXPECT_EQ(message_of(early), "not yet");
}

TEST(Refusals, QuoteTheLineAsItCame) {
  Provider provider(refusals(R"({"text":"Error on line","words":"no such field: '{name}' of {prompt}, {line}"})"));
  const auto input = line("a", "1") + R"({"key":"b","request":{"contents":[{"parts":[{"text":"x"}]}],)"
                                      R"("labels":{"\nError on line 1: {prompt}":"y"}}})"
                                      "\n";
  EXPECT_EQ(message_of(provider.create(provider.upload(input))),
            "Error on line 2: no such field: '\nError on line 1: {prompt}' of x, 2");
  EXPECT_EQ(message_of(provider.create(provider.upload(line("a", "Error on line 7\\n")))),
            "Error on line 1: no such field: 'text' of Error on line 7\n, 1");
}

TEST(Refusals, OfRequestsInTheBody) {
  Provider provider(refusals(R"({"text":"bad","words":"no such field: '{prompt}'"})"));
  const auto* body = R"({"batch":{"inputConfig":{"requests":{"requests":[
      {"request":{"contents":[{"parts":[{"text":"good"}]}]}},{"request":{"contents":[{"parts":[{"text":"bad"}]}]}}]}}}})";
  const auto reply = provider.call("POST", "/v1beta/models/gemini-x:batchGenerateContent", body);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(message_of(reply),
            "Invalid JSON payload received. Unknown name \"bad\" at 'batch.input_config.requests.requests[1].request': "
            "Cannot find field.");
}

TEST(Refusals, ComeAndGoWhileItRuns) {
  Provider provider;
  const auto file = provider.upload(line("a", "bad"));
  EXPECT_EQ(provider.create(file).status, 200);
  provider.call("POST", "/emulator/faults", refusals(R"({"text":"bad","words":"no"})"));
  EXPECT_EQ(provider.create(file).status, 400);
  provider.call("POST", "/emulator/faults", "{}");
  EXPECT_EQ(provider.create(file).status, 200);
  for (const auto* wrong : {R"({"text":"a"})", R"({"words":"a"})", R"({"text":"","words":"a"})",
                            R"({"text":"a","words":"a","status":200})", R"({"text":"a","words":"a","more":1})"}) {
    const auto reply = provider.call("POST", "/emulator/faults", refusals(wrong));
    EXPECT_EQ(reply.status, 400) << wrong;
    EXPECT_TRUE(message_of(reply).starts_with("refusal 1: ")) << message_of(reply);
  }
}

}  // namespace
}  // namespace batchd::emulator
