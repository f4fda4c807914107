// Damaged result lines, byte by byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

using Lines = std::vector<std::string>;

bool line_has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

struct DamageCase {
  const char* name;
  const char* rule;    // what follows "on"
  const char* billed;  // of the row of the second of two lines
  const char* delivered;
  std::function<bool(const Lines&)> seen;  // in what the result file has behind the first line
};

const DamageCase kDamageCases[] = {
    {"duplicate_other", R"("do":"duplicate_other")", "billed", "response",
     [](const Lines& l) { return l.size() == 2 && l[0] != l[1] && at(l[0], "key") == "b" && at(l[1], "key") == "b"; }},
    {"error_first", R"("do":"error_first","code":14)", "billed", "response",
     [](const Lines& l) { return l.size() == 2 && at(l[0], "error.code") == "14" && at(l[1], "response") != ""; }},
    {"key_number", R"("do":"key_number")", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], "\"key\":17"); }},
    {"key_twice", R"("do":"key_twice")", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], "\"key\":\"nobody-else\"") && line_has(l[0], "\"key\":\"b\""); }},
    {"empty", R"("do":"empty")", "withheld", "damaged", [](const Lines& l) { return l[0].empty(); }},
    {"blank_before", R"("do":"blank_before")", "billed", "response",
     [](const Lines& l) { return l[0] == " \t" && at(l[1], "key") == "b"; }},
    {"not_object", R"("do":"not_object")", "withheld", "damaged",
     [](const Lines& l) { return at(l[0], "0.key") == "b"; }},
    {"bom", R"("do":"bom")", "withheld", "damaged", [](const Lines& l) { return l[0].starts_with("\xEF\xBB\xBF{"); }},
    {"crlf", R"("do":"crlf")", "billed", "response", [](const Lines& l) { return l[0].ends_with("}\r"); }},
    {"nul", R"("do":"nul")", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], std::string("a\0b", 3)); }},
    {"lone_surrogate", R"("do":"lone_surrogate")", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], "\"\\ud800\""); }},
    {"invalid_utf8", R"("do":"invalid_utf8")", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], "\xC3("); }},
    {"raw_u2028", R"("do":"raw_u2028")", "billed", "response",
     [](const Lines& l) { return line_has(l[0], "\xE2\x80\xA8") && at(l[0], "key") == "b"; }},
    {"deep", R"("do":"deep","count":5000)", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], std::string(5000, '[') + std::string(5000, ']')); }},
    {"huge_number", R"("do":"huge_number")", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], ":1e400"); }},
    {"tiny_number", R"("do":"tiny_number")", "withheld", "damaged",
     [](const Lines& l) { return line_has(l[0], ":1e-99999999999999999999"); }},
    {"minus_zero", R"("do":"minus_zero")", "withheld", "damaged", [](const Lines& l) { return line_has(l[0], ":-0"); }},
    {"long_line", R"("do":"long_line","bytes":3000000)", "billed", "response",
     [](const Lines& l) { return l[0].size() > 3000000 && at(l[0], "key") == "b"; }},
    {"both", R"("do":"both","code":3)", "withheld", "damaged",
     [](const Lines& l) { return at(l[0], "error.code") == "3" && at(l[0], "response.candidates") != ""; }},
    {"neither", R"("do":"neither")", "withheld", "damaged",
     [](const Lines& l) { return at(l[0], "key") == "b" && at(l[0], "error") == "" && at(l[0], "response") == ""; }},
    {"empty_response", R"("do":"empty_response")", "withheld", "damaged",
     [](const Lines& l) { return at(l[0], "response") == "{}" && at(l[0], "key") == "b"; }},
    {"extra_members", R"("do":"extra_members")", "billed", "response",
     [](const Lines& l) { return at(l[0], "metadata.key") == "other" && at(l[0], "key") == "b"; }},
    {"status_text", R"("do":"status_text","message":"Bad \"x\"")", "not billed", "error",
     [](const Lines& l) { return at(l[0], "status") == "Bad \"x\"" && at(l[0], "response") == ""; }},
    {"finish_reason", R"("do":"finish_reason")", "billed", "response",
     [](const Lines& l) { return at(l[0], "response.candidates.0.finishReason") == "MAX_TOKENS"; }},
    {"garbage", R"("do":"garbage")", "withheld", "damaged", [](const Lines& l) { return !l[0].ends_with("}"); }},
    {"missing", R"("do":"missing")", "withheld", "nothing", [](const Lines& l) { return l.empty(); }},
    {"error", R"("do":"error")", "not billed", "error", [](const Lines& l) { return at(l[0], "error.code") == "13"; }},
    {"block", R"("do":"block")", "billed", "response",
     [](const Lines& l) { return at(l[0], "response.candidates") == "" && at(l[0], "response.promptFeedback") != ""; }},
};

class LineDamage : public testing::TestWithParam<DamageCase> {};

TEST_P(LineDamage, IsInTheResultAndInTheLedger) {
  const auto& param = GetParam();
  Provider provider(std::string(R"({"rules":[{"on":"line","nth":2,)") + param.rule + "}]}");
  auto lines = provider.run(line("a", "1") + line("b", "2"));
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(at(lines[0], "key"), "a");
  lines.erase(lines.begin());
  EXPECT_TRUE(param.seen(lines)) << (lines.empty() ? "no line" : lines[0].substr(0, 1000));
  const auto rows = provider.ledger("line");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(at(rows[0], "delivered"), "response");
  EXPECT_EQ(at(rows[1], "billed"), param.billed);
  EXPECT_EQ(at(rows[1], "delivered"), param.delivered);
  const auto fault = provider.ledger("fault").at(0);
  EXPECT_EQ(at(fault, "key"), "b");
  EXPECT_EQ(at(fault, "prompt_sha256"), at(rows[1], "prompt_sha256"));
}

INSTANTIATE_TEST_SUITE_P(All, LineDamage, testing::ValuesIn(kDamageCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(LineDamage, PoisonLinesAndPoisonJobs) {
  Provider provider(R"({"rules":[{"on":"line","do":"error","code":3,"if_prompt_contains":"POISON"},)"
                    R"({"on":"job","do":"fail","silent":true,"if_prompt_contains":"KILL"}]})");
  const auto lines = provider.run(line("a", "1") + line("b", "a POISON pill"));
  EXPECT_NE(at(lines.at(0), "response"), "");
  EXPECT_EQ(at(lines.at(1), "error.code"), "3");
  const auto killed = provider.create_job(provider.upload(line("a", "1") + line("b", "KILL")));
  EXPECT_EQ(at(provider.end_of(killed), "metadata.state"), "BATCH_STATE_FAILED");
}

}  // namespace
}  // namespace batchd::emulator
