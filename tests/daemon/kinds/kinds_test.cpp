// A provider is a line in a list: the same program with a longer list takes accounts of the other kinds.
#include <gtest/gtest.h>

#include "tests/harness/process.h"
#include "tests/harness/temp_folder.h"

namespace batchd::harness {
namespace {

class Kinds : public testing::Test {
 protected:
  struct Ran {
    std::optional<int> code;
    std::string said;
  };
  Ran check_config(const std::string& program, const std::string& config) {
    write_file(folder_.file("batchd.toml"), config);
    write_file(folder_.file("said"), "");
    auto process = Process::start({.binary = program,
                                   .arguments = {"--check-config", "--config", folder_.file("batchd.toml")},
                                   .environment = {},
                                   .output = folder_.file("said"),
                                   .input = {},
                                   .sockets = {}});
    const auto code = process.wait();
    return {code, read_file(folder_.file("said"))};
  }
  TempFolder folder_;
};

const std::string kThree =
    "[accounts.a]\nkind = \"depot\"\n[accounts.b]\nkind = \"courier\"\nbase_url = \"https://localhost/prefix\"\n"
    "[accounts.c]\n";

TEST_F(Kinds, AreTakenIfTheProgramHasThem) {
  const auto ran = check_config(TEST_KINDS_BINARY, kThree);
  EXPECT_EQ(ran.code, 0) << ran.said;
}

TEST_F(Kinds, AreRefusedElsewhereByName) {
  const auto ran = check_config(BATCHD_BINARY, kThree);
  EXPECT_EQ(ran.code, 78) << ran.said;
  const auto file = folder_.file("batchd.toml");
  EXPECT_EQ(ran.said,
            file + ":2: accounts.a.kind: must be \"gemini\"\n" + file + ":4: accounts.b.kind: must be \"gemini\"\n");
}

TEST_F(Kinds, AMisspeltOneIsToldTheNearest) {
  const auto ran = check_config(TEST_KINDS_BINARY, "[accounts.a]\nkind = \"currier\"\n");
  EXPECT_EQ(ran.code, 78);
  EXPECT_EQ(ran.said, folder_.file("batchd.toml") +
                          ":2: accounts.a.kind: must be one of \"gemini\", \"depot\", \"courier\" (did you mean "
                          "courier?)\n");
}

}  // namespace
}  // namespace batchd::harness
