// What batchctl setup refuses before it asks for a key, and when it is recommended. What it does with one, tests/e2e
// sees.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "ctl/console/exit_code.h"
#include "tests/ctl/fake_server.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

class SetupRefuses : public testing::Test {
 protected:
  ~SetupRefuses() override { std::filesystem::remove_all(folder_); }
  Ran setup(const std::string& arguments, const std::string& config, const std::string& environment = {}) {
    write_file(folder_ + "/batchd.toml", config);
    return run_shell("setup " + arguments, "BATCHD_CONFIG=" + folder_ + "/batchd.toml " + environment);
  }
  const std::string folder_ = temporary_folder();
};

TEST_F(SetupRefuses, AKeyForAnotherKindOfProvider) {
  const auto wrong = setup("openai", "[accounts.default]\n");
  EXPECT_EQ(wrong.code, kUsage);
  EXPECT_TRUE(contains(wrong.err, "account default is of kind gemini: batchctl setup gemini")) << wrong.err;
  const auto other = setup("gemini --account two", "[accounts.default]\n[accounts.two]\nkind = \"depot\"\n");
  EXPECT_EQ(other.code, kUsage);
  EXPECT_TRUE(contains(other.err, "account two is of kind depot: batchctl setup depot")) << other.err;
}

// Which would be used instead, whatever setup stores for all accounts of the kind.
TEST_F(SetupRefuses, AnAccountWithAKeyOfItsOwnElsewhere) {
  if (::geteuid() != 0) GTEST_SKIP() << "others can't write where the key of a kind goes";
  const std::string own = "BATCHD_ACCOUNTS__AT_NIGHT__API_KEY=k";
  const auto ran = setup("gemini", "[accounts.at-night]\n", own);
  EXPECT_EQ(ran.code, kBadConfig);
  EXPECT_TRUE(contains(ran.err, "account at-night has a key of its own in $BATCHD_ACCOUNTS__AT_NIGHT__API_KEY"))
      << ran.err;
  const auto another = setup("gemini --account b", "[accounts.at-night]\n[accounts.b]\n", own);
  EXPECT_FALSE(contains(another.err, "of its own in")) << another.err;
}

TEST_F(SetupRefuses, AnUnknownAccount) {
  const auto ran = setup("gemini --account three", "[accounts.one]\n[accounts.two]\n");
  EXPECT_EQ(ran.code, kBadConfig);
  EXPECT_TRUE(contains(ran.err, "no account three; it has: one, two")) << ran.err;
}

TEST(KeyHint, IsForTheAccountsKind) {
  const auto folder = temporary_folder();
  write_file(folder + "/batchd.toml", "[accounts.two]\nkind = \"depot\"\n");
  FakeServer server([&](const std::string& request) {
    return http_answer(
        200, starts(request, "GET /admin/attention")
                 ? R"({"items":[]})"
                 : R"({"accounts":[{"healthy":false,"name":"two","detail":"can't read the key in /etc/key"}]})");
  });
  const auto doctor = run(server.path(), "doctor", "BATCHD_CONFIG=" + folder + "/batchd.toml");
  EXPECT_TRUE(contains(doctor.out, "do: sudo batchctl setup depot --account two\n")) << doctor.out;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace batchd::ctl
