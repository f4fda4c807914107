// batchd --check-key: its verdict on a key, and that the key appears nowhere.
#include <filesystem>

#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {
namespace {

constexpr int kOk = 0, kUsage = 64, kNoKey = 65, kNotChecked = 69, kRefused = 77, kConfig = 78;

class CheckKey : public E2eTest {
 protected:
  void SetUp() override { emulator_.emplace(folder_, EmulatorSettings()); }

  // A configuration with this base_url and a database that can't be opened: nobody may try.
  void configure(const std::string& base_url) {
    write_file(folder_.file("batchd.toml"), "[store]\npath = " + json_text(folder_.file("nowhere/batchd.db")) +
                                                "\n[accounts.default]\nbase_url = " + json_text(base_url) +
                                                "\nconnect_timeout = \"1s\"\nanswer_timeout = \"1s\"\n");
  }
  std::optional<int> check(const std::string& key, std::vector<std::string> arguments = {}) {
    write_file(folder_.file("stdin"), key);
    std::filesystem::remove(folder_.file("said"));
    arguments.insert(arguments.begin(), {"--check-key", "--config", folder_.file("batchd.toml")});
    auto process = Process::start({.binary = BATCHD_BINARY,
                                   .arguments = arguments,
                                   .environment = {{"BATCHD_GEMINI_API_KEY", "bad-key-of-the-environment"}},
                                   .output = folder_.file("said"),
                                   .input = folder_.file("stdin"),
                                   .sockets = {}});
    const auto code = process.wait();
    EXPECT_FALSE(std::filesystem::exists(folder_.file("nowhere")));
    EXPECT_TRUE(key.size() < 4 || said().find(key) == std::string::npos) << said();
    return code;
  }
  std::string said() const { return read_file(folder_.file("said")); }
};

TEST_F(CheckKey, AGoodOneIsAccepted) {
  configure(emulator_->url());
  EXPECT_EQ(check(" a-good-key \r\n"), kOk) << said();
  EXPECT_EQ(said(), "the key is accepted by " + emulator_->url() + "\n");
}

TEST_F(CheckKey, ABadOneIsRefusedInTheProvidersWords) {
  configure(emulator_->url());
  EXPECT_EQ(check("bad-canary"), kRefused) << said();
  EXPECT_TRUE(said().starts_with("the key is refused by " + emulator_->url() + ": API key not valid")) << said();
}

TEST_F(CheckKey, WhatIsNoKeyIsToldAtOnce) {
  configure(emulator_->url());
  for (const std::string no_key : {"", " \n", "two-lines\nof-keys", "two words", "tab\there", "caf\xc3\xa9-key"})
    EXPECT_EQ(check(no_key), kNoKey) << no_key << ": " << said();
  EXPECT_TRUE(said().starts_with("standard input ")) << said();
  EXPECT_EQ(check(std::string(10'000, 'k')), kNoKey);
}

TEST_F(CheckKey, WhoDoesNotAnswerProvesNothing) {
  configure("http://127.0.0.1:1");
  EXPECT_EQ(check("any-key"), kNotChecked);
  EXPECT_TRUE(said().starts_with("the key couldn't be checked at http://127.0.0.1:1: ")) << said();
  EXPECT_EQ(check("key"), kNotChecked);  // a part of what stands for it
}

TEST_F(CheckKey, AServerInTroubleIsAskedAgain) {
  emulator_->post("/emulator/faults", R"({"rules":[{"on":"any","do":"status","status":503,"nth":1}]})");
  configure(emulator_->url());
  EXPECT_EQ(check("any-key"), kOk) << said();
  EXPECT_EQ(emulator_->ledger().count_faults("models", "status"), 1u);
  emulator_->post("/emulator/faults", R"({"rules":[{"on":"any","do":"status","status":503}]})");
  EXPECT_EQ(check("any-key"), kNotChecked);
  EXPECT_NE(said().find("couldn't be checked"), std::string::npos) << said();
}

TEST_F(CheckKey, AnUnknownAccountIsAFaultOfTheConfiguration) {
  configure(emulator_->url());
  EXPECT_EQ(check("any-key", {"--account", "nobody"}), kConfig);
  EXPECT_EQ(said(), "there is no account nobody in the configuration, but: default\n");
  EXPECT_EQ(check("any-key", {"--account", "default"}), kOk) << said();
  write_file(folder_.file("batchd.toml"), "nonsense = 1\n");
  EXPECT_EQ(check("any-key"), kConfig) << said();
}

TEST_F(CheckKey, ItIsACommandOfItsOwn) {
  configure(emulator_->url());
  EXPECT_EQ(check("any-key", {"--print-config"}), kUsage);
  EXPECT_EQ(check("any-key", {"the-key"}), kUsage) << "a key is never an argument";
}

}  // namespace
}  // namespace batchd::e2e
