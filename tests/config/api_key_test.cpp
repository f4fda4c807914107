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
