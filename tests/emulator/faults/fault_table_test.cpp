// The table of faults as a whole: each row can be written, read and listed, and has a test of its own.
#include "emulator/faults/fault_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "emulator/base/dom.h"
#include "tests/emulator/provider.h"

namespace batchd::emulator {
namespace {

struct Listed {
  std::string on, action, rule;
};

std::vector<Listed> listed() {
  std::istringstream in(fault_list());
  std::vector<Listed> out;
  for (std::string row; std::getline(in, row);) {
    const auto first = row.find('\t');
    const auto second = row.find('\t', first + 1);
    out.push_back({row.substr(0, first), row.substr(first + 1, second - first - 1), row.substr(second + 1)});
  }
  return out;
}

TEST(FaultTable, EveryListedRuleIsReadAsWhatItSays) {
  ASSERT_GT(listed().size(), 500U);
  for (const auto& row : listed()) {
    const auto file = parse_fault_file("{\"rules\":[" + row.rule + "]}");
    ASSERT_EQ(file.rules.size(), 1U) << row.rule;
    EXPECT_EQ(on_text(file.rules[0].on), row.on);
    EXPECT_EQ(do_text(file.rules[0].action), row.action);
  }
}

TEST(FaultTable, EveryRowCanWatchSomethingAndNamesAreNotTakenTwice) {
  std::set<std::string_view> names;
  for (const auto& fault : fault_kinds()) {
    EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
    EXPECT_TRUE(std::ranges::any_of(all_on(), [&](On on) { return applies(fault, on); })) << fault.name;
    EXPECT_EQ(&fault_kind(fault.action), &fault) << fault.name;
  }
}

TEST(FaultTable, WhatIsNotOfItsKindIsRefused) {
  for (const auto& fault : fault_kinds()) {
    for (const On on : all_on()) {
      if (applies(fault, on)) continue;
      const auto text =
          R"({"rules":[{"on":")" + std::string(on_text(on)) + R"(","do":")" + std::string(fault.name) + "\"}]}";
      EXPECT_THROW(parse_fault_file(text), std::runtime_error) << text;
    }
  }
}

// Whatever the fault is, the emulator goes on, and the ledger says which rule hit what.
TEST(FaultTable, EveryFaultOfACallIsInTheLedgerAndHarmsNobodyElse) {
  Provider provider("{}");
  for (const auto& row : listed()) {
    if (row.on != "models" || row.rule.find("\"seconds\":60") != std::string::npos) continue;
    ASSERT_EQ(provider.call("POST", "/emulator/faults", "{\"rules\":[" + row.rule + "]}").status, 200);
    provider.raw_call("GET", "/v1beta/models");
    const auto rows = provider.ledger("fault");
    ASSERT_FALSE(rows.empty());
    EXPECT_EQ(at(rows.back(), "do"), row.action);
    EXPECT_EQ(at(rows.back(), "path"), "/v1beta/models");
    EXPECT_EQ(at(rows.back(), "rule"), "1");
    ASSERT_EQ(provider.call("POST", "/emulator/faults", "{}").status, 200);
    ASSERT_EQ(provider.call("GET", "/v1beta/models").status, 200) << row.action;
  }
}

}  // namespace
}  // namespace batchd::emulator
