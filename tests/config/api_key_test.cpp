#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/api_key.h"
#include "config/config.h"

namespace batchd::config {
namespace {

class ApiKey : public testing::Test {
 protected:
  ApiKey() {
    std::string pattern = testing::TempDir() + "batchd-key-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ApiKey() override { std::filesystem::remove_all(folder_); }
  std::string put(const std::string& name, const std::string& content) {
    std::ofstream(folder_ + '/' + name) << content;
    return folder_ + '/' + name;
  }
  std::string folder_;
};

TEST_F(ApiKey, TheFileWinsThenTheCredentialThenTheEnvironment) {
  Account account;
  Environment environment{{"BATCHD_GEMINI_API_KEY", " from-env\n"}};
  EXPECT_EQ(read_api_key("work", account, environment).value(), "from-env");
  environment["CREDENTIALS_DIRECTORY"] = folder_;
  EXPECT_EQ(read_api_key("work", account, environment).value(), "from-env") << "no such credential";
  put("gemini_api_key", "from-credential\r\n");
  EXPECT_EQ(read_api_key("work", account, environment).value(), "from-credential");
  account.api_key_file = put("key", "\tfrom-file \n\n");
  EXPECT_EQ(read_api_key("work", account, environment).value(), "from-file");
}

TEST_F(ApiKey, AnAccountsOwnKeyComesBeforeThatOfItsKind) {
  const Account account;
  Environment environment{{"BATCHD_GEMINI_API_KEY", "kinds-env"}, {"CREDENTIALS_DIRECTORY", folder_}};
  put("gemini_api_key", "kinds-credential");
  put("other.api_key", "another-accounts");
  environment["BATCHD_ACCOUNTS__OTHER__API_KEY"] = "another-accounts-env";
  EXPECT_EQ(read_api_key("work", account, environment).value(), "kinds-credential");
  environment["BATCHD_ACCOUNTS__WORK__API_KEY"] = "own-env";
  EXPECT_EQ(read_api_key("work", account, environment).value(), "own-env");
  put("work.api_key", "own-credential");
  EXPECT_EQ(read_api_key("work", account, environment).value(), "own-credential");
}

TEST_F(ApiKey, AnotherKindsKeyIsNeverTaken) {
  Account account;
  account.kind = "other";
  Environment environment{{"BATCHD_GEMINI_API_KEY", "geminis"}, {"CREDENTIALS_DIRECTORY", folder_}};
  put("gemini_api_key", "geminis");
  const auto none = read_api_key("default", account, environment);
  ASSERT_EQ(none.error().code, core::Errc::not_found);
  EXPECT_NE(none.error().detail.find("$BATCHD_OTHER_API_KEY"), std::string::npos) << none.error().detail;
  environment["BATCHD_OTHER_API_KEY"] = "others";
  EXPECT_EQ(read_api_key("default", account, environment).value(), "others");
}

TEST_F(ApiKey, ACredentialThatCantBeReadIsNotPassedOver) {
  std::filesystem::create_symlink("nowhere", folder_ + "/work.api_key");
  put("gemini_api_key", "kinds");
  const Environment environment{{"BATCHD_GEMINI_API_KEY", "k"}, {"CREDENTIALS_DIRECTORY", folder_}};
  EXPECT_EQ(read_api_key("work", Account{}, environment).error().code, core::Errc::invalid);
}

TEST_F(ApiKey, AVariableHasAnUnderscoreForAMinus) {
  Account account;
  account.kind = "new-one";
  Environment environment{{"BATCHD_NEW_ONE_API_KEY", "kinds"}};
  EXPECT_EQ(read_api_key("at-night", account, environment).value(), "kinds");
  environment["BATCHD_ACCOUNTS__AT_NIGHT__API_KEY"] = "own";
  EXPECT_EQ(read_api_key("at-night", account, environment).value(), "own");
  environment["CREDENTIALS_DIRECTORY"] = folder_;
  put("at-night.api_key", "credential");
  EXPECT_EQ(read_api_key("at-night", account, environment).value(), "credential");
}

// `batchctl setup` is named only where it puts a key: it can't mend an own credential.
TEST_F(ApiKey, SetupIsNamedForTheKeyOfAKindOnly) {
  Account account;
  account.kind = "depot";
  const Environment environment{{"CREDENTIALS_DIRECTORY", folder_}};
  const auto detail = [&] { return read_api_key("work", account, environment).error().detail; };
  EXPECT_TRUE(detail().starts_with("no API key: run \"batchctl setup depot\" as root (")) << detail();
  std::filesystem::create_symlink("nowhere", folder_ + "/depot_api_key");
  EXPECT_EQ(detail(), "can't read the key in " + folder_ +
                          "/depot_api_key: No such file or directory (`sudo batchctl setup depot` puts one there)");
  std::filesystem::create_symlink("nowhere", folder_ + "/work.api_key");
  EXPECT_EQ(detail(), "can't read the key in " + folder_ + "/work.api_key: No such file or directory");
  account.api_key_file = folder_ + "/missing";
  EXPECT_EQ(detail(), "can't read the key in " + folder_ + "/missing: No such file or directory");
}

TEST_F(ApiKey, AnOwnKeyIsSeenWhereItIs) {
  Environment environment{{"BATCHD_GEMINI_API_KEY", "kinds"}, {"BATCHD_ACCOUNTS__OTHER__API_KEY", "others"}};
  put("gemini_api_key", "kinds");
  EXPECT_EQ(own_key_place("work", folder_, environment), "");
  environment["BATCHD_ACCOUNTS__WORK__API_KEY"] = "own";
  EXPECT_EQ(own_key_place("work", folder_, environment), "$BATCHD_ACCOUNTS__WORK__API_KEY");
  put("work.api_key", "own");
  EXPECT_EQ(own_key_place("work", folder_, environment), "the credential work.api_key");
}

// The emulator's address is anybody's: no key of this machine goes there.
TEST_F(ApiKey, DevelopmentHasAKeyOfItsOwn) {
  const auto config = dev_defaults("/tmp/state", "batchd.sock", "http://127.0.0.1:9009");
  ASSERT_EQ(config.accounts.size(), 1u);
  const auto& [name, account] = *config.accounts.begin();
  EXPECT_EQ(account.api_key_file, "");
  EXPECT_EQ(read_api_key(name, account, dev_environment()).value(), "dev");
  EXPECT_EQ(dev_environment().size(), 1u) << "no folder of credentials, and no other variable";
}

TEST_F(ApiKey, ThePlacesOfAKindAreNamedAfterIt) {
  const auto places = shared_key("gemini");
  EXPECT_EQ(places.kind, "gemini");
  EXPECT_EQ(places.credential, "gemini_api_key");
  EXPECT_EQ(places.variable, "BATCHD_GEMINI_API_KEY");
  EXPECT_EQ(places.file, "/etc/batchd/gemini_api_key");
  EXPECT_EQ(places.stored, "/etc/credstore/batchd.gemini_api_key");
}

TEST_F(ApiKey, NoneIsToldFromABadOne) {
  Account account;
  EXPECT_EQ(read_api_key("work", account, {}).error().code, core::Errc::not_found);
  account.api_key_file = folder_ + "/missing";
  EXPECT_EQ(read_api_key("work", account, {{"BATCHD_GEMINI_API_KEY", "k"}}).error().code, core::Errc::invalid)
      << "a named file is never silently passed over";
  account.api_key_file.clear();
  for (const std::string bad : {"", " \n", "two words", "line\r\nX-Header: 1", "\x7f", "\xc3\xa9"})
    EXPECT_EQ(read_api_key("work", account, {{"BATCHD_GEMINI_API_KEY", bad}}).error().code, core::Errc::invalid);
}

TEST_F(ApiKey, ErrorsNeverShowTheContent) {
  Account account;
  account.api_key_file = put("key", "secret secret");
  EXPECT_EQ(read_api_key("work", account, {}).error().detail.find("secret"), std::string::npos);
}

TEST(MaskKey, HidesTheKeyWhereverItStands) {
  EXPECT_EQ(mask_key("AIza-1 is bad: AIza-1AIza-1", "AIza-1"), "(the key) is bad: (the key)(the key)");
  EXPECT_EQ(mask_key("the key is bad", "key"), "the (the key) is bad") << "what stands for it isn't looked at again";
  EXPECT_EQ(mask_key("no key", ""), "no key");
}

}  // namespace
}  // namespace batchd::config
