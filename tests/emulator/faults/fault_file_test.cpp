#include <gtest/gtest.h>

#include <stdexcept>

#include "emulator/faults/faults.h"

namespace batchd::emulator {
namespace {

std::string complaint(std::string_view text) {
  try {
    parse_fault_file(text);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "none";
}

TEST(FaultFile, Reads) {
  const auto file = parse_fault_file(R"({"seed":9,"rules":[{"on":"create","every":5,"do":"withhold","seconds":0.5}]})");
  EXPECT_EQ(file.seed, 9U);
  ASSERT_EQ(file.rules.size(), 1U);
  EXPECT_EQ(file.rules[0].on, On::create);
  EXPECT_EQ(file.rules[0].action, Do::withhold);
  EXPECT_EQ(file.rules[0].every, 5U);
  EXPECT_EQ(file.rules[0].seconds, 0.5);
  EXPECT_TRUE(parse_fault_file("{}").rules.empty());
}

struct Refusal {
  const char* text;
  const char* words;
};

class FaultFileRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(FaultFileRefusals, SaysWhy) {
  EXPECT_NE(complaint(GetParam().text).find(GetParam().words), std::string::npos) << complaint(GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultFileRefusals,
    testing::Values(
        Refusal{"{", "not JSON, at byte"}, Refusal{"[]", "must be an object"},
        Refusal{R"({"rule":[]})", "\"rule\" is unknown"}, Refusal{R"({"rules":[1]})", "rule 1: must be an object"},
        Refusal{R"({"rules":[{"on":"create","do":"delay"},{"on":"creat","do":"delay"}]})", "rule 2: \"on\""},
        Refusal{R"({"rules":[{"do":"delay"}]})", "\"on\" is missing"},
        Refusal{R"({"rules":[{"on":"create","do":"missing"}]})", "\"do\" of a call must be one of: status"},
        Refusal{R"({"rules":[{"on":"line","do":"status"}]})", "\"do\" of a line must be one of: missing"},
        Refusal{R"({"rules":[{"on":"job","do":"error"}]})", "\"do\" of a job must be one of: shuffle"},
        Refusal{R"({"rules":[{"on":"create","do":"status"}]})", "\"status\" is missing"},
        Refusal{R"({"rules":[{"on":"create","do":"status","status":99}]})", "\"status\" must be a whole number"},
        Refusal{R"({"rules":[{"on":"create","do":"truncate"}]})", "\"download\" only"},
        Refusal{R"({"rules":[{"on":"create","do":"delay","nth":1,"every":2}]})", "at most one of"},
        Refusal{R"({"rules":[{"on":"create","do":"delay","seconds":2}]})", "\"seconds\" is unknown or has no meaning"},
        Refusal{R"({"rules":[{"on":"create","do":"delay","first_attempt_only":true}]})", "\"first_attempt_only\""},
        Refusal{R"({"rules":[{"on":"create","do":"status","status":500,"body":"a","error":{}}]})", "either"},
        Refusal{R"({"rules":[{"on":"get","do":"delay","if_prompt_contains":"x"}]})", "\"if_prompt_contains\""},
        Refusal{R"({"rules":[{"on":"create","do":"delay","if_prompt_contains":""}]})", "must not be empty"},
        Refusal{R"({"rules":[{"on":"create","do":"delay","if_prompt_contains":5}]})", "must be a string"},
        Refusal{R"({"rules":[{"on":"line","do":"error","if_key":"k"}]})", "\"if_key\""},
        Refusal{R"({"rules":[{"on":"job","do":"shuffle","executed":0.5}]})", "\"executed\""},
        Refusal{R"({"rules":[{"on":"create","do":"delay","probability":2}]})", "\"probability\" must be a number"}));

}  // namespace
}  // namespace batchd::emulator
