// Backup and audit: streamed, and never taken for complete when they are not.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

TEST(Backup, WritesTheFileWholeAndForItsOwnerOnly) {
  const std::string database(1 << 20, 'd');
  FakeServer server([&](const auto&) { return http_answer(200, database); });
  const auto file = server.folder() + "/b.db";
  const auto ran = run(server.path(), "backup " + file);
  EXPECT_EQ(ran.code, kDone) << ran.err;
  EXPECT_EQ(ran.out, file + '\n');
  EXPECT_TRUE(file_text(file) == database);
  struct stat facts {};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_FALSE(std::filesystem::exists(file + ".part"));
  EXPECT_EQ(first_line(server.requests().at(0)), "GET /admin/backup");
}

TEST(Backup, OverwritesOnlyWhenForced) {
  FakeServer server([&](const auto&) { return http_answer(200, "new"); });
  const auto file = server.folder() + "/b.db";
  write_file(file, "old");
  EXPECT_EQ(run(server.path(), "backup " + file).code, kBadInput);
  EXPECT_EQ(file_text(file), "old");
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(run(server.path(), "backup --force " + file).code, kDone);
  EXPECT_EQ(file_text(file), "new");
}

TEST(Backup, StartsAnewAfterABreakAndLeavesNothingHalf) {
  std::atomic<int> count = 0;
  const auto cut = http_answer(200, "0123456789").substr(0, http_answer(200, "0123456789").size() - 4) + kHangUp;
  FakeServer server([&](const auto&) { return ++count == 1 ? cut : http_answer(200, "new"); });
  const auto file = server.folder() + "/b.db";
  EXPECT_EQ(run(server.path(), "backup " + file).code, kDone);
  EXPECT_EQ(file_text(file), "new");

  FakeServer broken([&](const auto&) { return cut; });
  const auto other = broken.folder() + "/b.db";
  EXPECT_EQ(run(broken.path(), "--retry-for 0 backup " + other).code, kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(other) || std::filesystem::exists(other + ".part"));
  FakeServer closed([&](const auto&) { return http_answer(403, "{}"); });
  EXPECT_EQ(run(closed.path(), "backup " + other).code, kNoPermission);
  EXPECT_NE(run(broken.path(), "backup /nonexistent/b").code, kDone);
}

TEST(Audit, TellsItsFindings) {
  const std::string summary = R"({"bodies":5,"requests":4,"findings":)";
  const struct {
    std::string answer, out;
    int code;
  } cases[] = {
      {summary + "0}\n", "", kDone},
      {"{\"finding\":\"body 7 is\\tdamaged\"}\n" + summary + "1}\n", "body 7 is damaged\n", kBadInput},
      {"{\"finding\":\"body 7\"}\n", "body 7\n", kUnavailable},
  };
  for (const auto& c : cases) {
    FakeServer server([&](const auto&) { return http_answer(200, c.answer); });
    const auto ran = run(server.path(), "audit");
    EXPECT_EQ(ran.code, c.code) << ran.err;
    EXPECT_EQ(ran.out, c.out);
    EXPECT_EQ(run(server.path(), "--json audit").out, c.answer);
  }
}

}  // namespace
}  // namespace batchd::ctl
