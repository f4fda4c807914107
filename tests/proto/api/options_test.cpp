// Options beside the request: the same rules for members of a body and parameters of a bulk submission.
#include "proto/api/options.h"

#include <gtest/gtest.h>

#include "core/provider.h"
#include "proto/api/labels.h"
#include "proto/api/submission.h"
#include "proto/rfc3339.h"

namespace batchd::proto {
namespace {

TEST(Options, NamesOfChannels) {
  for (const std::string& name : {std::string("a"), std::string("night run"), std::string("caf\xC3\xA9"),
                                  std::string(".."), std::string(128, 'x')})
    EXPECT_TRUE(is_channel_name(name)) << name;
  for (const std::string& name :
       {std::string(), std::string(129, 'x'), std::string("a/b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("\x7f"), std::string("\xFF"), std::string("\xC3")})
    EXPECT_FALSE(is_channel_name(name)) << name;
}

TEST(Options, Deadlines) {
  const auto now = *parse_rfc3339("2026-11-22T12:00:00Z");
  const struct {
    std::string text, at;
  } good[] = {{"2026-11-23T00:00:00Z", "2026-11-23T00:00:00.000Z"},
              {"2020-01-01T01:00:00+01:00", "2020-01-01T00:00:00.000Z"},
              {"90m", "2026-11-22T13:30:00.000Z"},
              {"2h", "2026-11-22T14:00:00.000Z"},
              {"45s", "2026-11-22T12:00:45.000Z"},
              {"0s", "2026-11-22T12:00:00.000Z"}};
  for (const auto& c : good) {
    Submission submission;
    EXPECT_FALSE(set_option(submission, "deadline", c.text)) << c.text;
    ASSERT_TRUE(submission.deadline) << c.text;
    EXPECT_EQ(rfc3339(submission.deadline->from(now)), c.at) << c.text;
  }
  for (const std::string text : {"", "90", "-1s", "tomorrow", "2026-11-23T00:00:00", "2026-11-23", "9000000000000d"}) {
    Submission submission;
    const auto fault = set_option(submission, "deadline", text);
    ASSERT_TRUE(fault) << text;
    EXPECT_EQ(fault->code, "bad_deadline") << text;
  }
}

TEST(Options, Labels) {
  const struct {
    std::string text, json;
  } good[] = {{"{}", ""},
              {R"({ "a" : "1" ,"b":"\u00e9\n" })", "{\"a\":\"1\",\"b\":\"\xC3\xA9\\n\"}"},
              {R"({"a":""})", R"({"a":""})"}};
  for (const auto& c : good) {
    const auto labels = parse_labels(c.text);
    ASSERT_TRUE(labels) << c.text;
    EXPECT_EQ(*labels, c.json) << c.text;
  }
  std::string many = "{";
  for (int i = 0; i < 17; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":"x")";
  for (const std::string& text :
       {std::string("[]"), std::string("null"), std::string(R"("a")"), std::string(R"({"a":1})"),
        std::string(R"({"a":"1","a":"2"})"), std::string(R"({"":"x"})"), std::string(R"([{"a":"b"}])"),
        R"({"a":")" + std::string(257, 'x') + "\"}", "{\"" + std::string(257, 'x') + R"(":"a"})", many + "}"})
    EXPECT_FALSE(parse_labels(text)) << text.substr(0, 80);
}

// Which of these there are only the account's provider knows.
TEST(Options, WhatCouldBeAModelOrAnEndpoint) {
  for (const std::string& text : {std::string("models/gemini-2.5-flash"), std::string("a/b:c@1"), std::string(".."),
                                  std::string("~!#$%&()*+,;<=>?[]^`{|}"), std::string(135, 'm')}) {
    Submission submission;
    EXPECT_FALSE(set_option(submission, "model", text)) << text;
    EXPECT_EQ(submission.model, text);
  }
  for (const std::string& text :
       {std::string(), std::string("a b"), std::string("a\"b"), std::string("a'b"), std::string("a\\b"),
        std::string("caf\xC3\xA9"), std::string("a\x7f"), std::string("a\0b", 3), std::string(136, 'm')}) {
    Submission submission;
    const auto fault = set_option(submission, "model", text);
    ASSERT_TRUE(fault) << text;
    EXPECT_EQ(fault->code, "bad_model") << text;
  }
  for (const std::string& text : {std::string("generateContent"), std::string("/v1/chat/completions"),
                                  std::string("A-Z_0.9:x"), std::string(64, 'e')}) {
    Submission submission;
    EXPECT_FALSE(set_option(submission, "endpoint", text)) << text;
    EXPECT_EQ(submission.endpoint, text);
  }
}

struct OptionsRead {
  std::optional<Submission> submission;
  std::string code;
};
OptionsRead read_options(const std::string& members) {
  const core::RequestRules rules;
  SubmissionReader reader(rules, [&](const auto&, const auto&) { return &rules; });
  std::string request;
  reader.feed(R"({"model":"m","request":{},)" + members + "}", request);
  OptionsRead read{.submission = reader.finish(), .code = {}};
  if (!read.submission) read.code = reader.fault().code;
  return read;
}

TEST(Options, AsMembersOfASubmission) {
  const auto all = read_options(R"("channel":"c","deadline":"90m","on_deadline":"fail","labels":{"run":"7"},)"
                                R"("endpoint":"embedContent","account":"team")");
  ASSERT_TRUE(all.submission) << all.code;
  EXPECT_EQ(all.submission->channel, "c");
  EXPECT_EQ(all.submission->deadline->in, std::chrono::minutes(90));
  EXPECT_TRUE(all.submission->fail_at_deadline.value());
  EXPECT_EQ(all.submission->labels, R"({"run":"7"})");
  EXPECT_EQ(all.submission->endpoint, "embedContent");
  EXPECT_EQ(all.submission->tokens, 1);  // none of this is the prompt's

  const struct {
    std::string members, code;
  } bad[] = {{R"("channel":"")", "bad_channel"},
             {R"("channel":"a/b")", "bad_channel"},
             {R"("channel":"a\u0000")", "bad_channel"},
             {R"("channel":5)", "bad_channel"},
             {R"("channel":")" + std::string(129, 'c') + '"', "bad_channel"},
             {R"("deadline":"soon")", "bad_deadline"},
             {R"("deadline":90)", "bad_deadline"},
             {R"("on_deadline":"fail")", "bad_on_deadline"},
             {R"("on_deadline":"explode","deadline":"1s")", "bad_on_deadline"},
             {R"("labels":{"a":1})", "bad_labels"},
             {R"("labels":"a")", "bad_labels"},
             {R"("labels":{"a":")" + std::string(100'000, 'x') + "\"}", "bad_labels"},
             {R"("endpoint":"")", "bad_endpoint"},
             {R"("endpoint":"a b")", "bad_endpoint"},
             {R"("endpoint":"a\u00e9")", "bad_endpoint"},
             {R"("endpoint":")" + std::string(65, 'e') + '"', "bad_endpoint"}};
  for (const auto& c : bad) EXPECT_EQ(read_options(c.members).code, c.code) << c.members.substr(0, 80);
}

TEST(Options, AWholeLengthOfLabelsFits) {
  std::string labels = "{";
  for (int i = 0; i < 16; ++i)
    labels += (i > 0 ? ",\"" : "\"") + std::string(254, 'n') + std::to_string(10 + i) + R"(":")" +
              std::string(256, 'v') + '"';
  EXPECT_TRUE(read_options("\"labels\":" + labels + "}").submission);
}

}  // namespace
}  // namespace batchd::proto
