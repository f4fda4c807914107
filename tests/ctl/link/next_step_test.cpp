// A user who can't reach the daemon is told the next step: the group to join, what systemd says, the key to store.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

constexpr gid_t kUsers = 100;
const std::string kAsStranger = "setpriv --reuid=2077 --regid=2077 --clear-groups";

// As somebody who is in no group of this machine.
TEST(NextStep, AStrangerLearnsWhichGroupToJoin) {
  const auto* group = ::getgrgid(kUsers);
  if (::geteuid() != 0 || group == nullptr) GTEST_SKIP() << "needs to become another user";
  const std::string join = std::string("sudo usermod -aG ") + group->gr_name + " $USER, then log in again";
  FakeServer server([](const auto&) { return http_answer(200, "{}"); });
  ASSERT_EQ(::chown(server.path().c_str(), 0, kUsers), 0);
  ASSERT_EQ(::chown(server.folder().c_str(), 0, kUsers), 0);
  ASSERT_EQ(::chmod(server.path().c_str(), 0660), 0);
  for (const mode_t folder : {0755U, 0750U}) {
    ASSERT_EQ(::chmod(server.folder().c_str(), folder), 0);
    const auto ran = run(server.path(), "status", kAsStranger);
    EXPECT_EQ(ran.code, kNoPermission) << ran.err;
    EXPECT_TRUE(contains(ran.err, join)) << ran.err;
    const auto doctor = run(server.path(), "doctor", kAsStranger);
    EXPECT_EQ(doctor.code, kNoPermission);
    EXPECT_TRUE(contains(doctor.out, "closed to this user; ") && contains(doctor.out, join)) << doctor.out;
  }
  // Where the group may not enter either, joining it is no advice.
  ASSERT_EQ(::chmod(server.folder().c_str(), 0700), 0);
  EXPECT_FALSE(contains(run(server.path(), "status", kAsStranger).err, "usermod"));
}

TEST(NextStep, SystemdSaysWhyNobodyAnswers) {
  const auto folder = temporary_folder();
  const struct {
    std::string load, active, said;
  } cases[] = {{"loaded", "inactive", "sudo systemctl start batchd"},
               {"loaded", "failed", "journalctl -u batchd"},
               {"loaded", "activating", "systemctl status batchd"},
               {"loaded", "active", "systemctl status batchd"},
               {"not-found", "inactive", "start it; "}};
  write_file(folder + "/config", "[server]\nsocket = \"" + folder + "/s\"\n");
  const auto before = "PATH=" + folder + ":$PATH BATCHD_CONFIG=" + folder + "/config";
  for (const auto& c : cases) {
    write_file(folder + "/systemctl", "#!/bin/sh\necho LoadState=" + c.load + "\necho ActiveState=" + c.active + '\n');
    std::filesystem::permissions(folder + "/systemctl", std::filesystem::perms(0755));
    for (const std::string command : {"status", "doctor", "--url http://127.0.0.1:1 status"}) {
      const auto ran = run_shell(command, before);
      EXPECT_EQ(ran.code, kUnavailable) << ran.err;
      EXPECT_TRUE(contains(ran.out + ran.err, c.said)) << c.active << ran.out << ran.err;
      EXPECT_TRUE(contains(ran.out + ran.err, starts(command, "--url") ? "server.listen" : "or name another socket"));
    }
    // What isn't the service's, systemd knows nothing of.
    const auto ran = run(folder + "/other", "status", before);
    EXPECT_TRUE(contains(ran.err, "hint: start it; or name another socket with --socket or $BATCHD_SOCKET")) << ran.err;
    EXPECT_FALSE(contains(run(folder + "/other", "doctor", before).out, "systemctl"));
    const bool service = contains(run_shell("doctor", before).out, "service: ");
    EXPECT_EQ(service, c.load == "loaded") << c.active;
  }
  std::filesystem::remove_all(folder);
}

TEST(NextStep, AnAccountWithoutAKeyIsGivenOne) {
  const struct {
    std::string name, detail, said;
  } cases[] = {
      {"default", "no API key: give it one with `sudo batchctl setup gemini`", "do: sudo batchctl setup gemini\n"},
      {"nightly", "API key not valid.", "do: sudo batchctl setup gemini --account nightly\n"},
      {"default", "User location is not supported", ""}};
  for (const auto& c : cases) {
    FakeServer server([&](const std::string& request) {
      return http_answer(
          200, starts(request, "GET /admin/attention")
                   ? R"({"items":[]})"
                   : R"({"accounts":[{"healthy":false,"name":")" + c.name + R"(","detail":")" + c.detail + "\"}]}");
    });
    const auto doctor = run(server.path(), "doctor");
    EXPECT_EQ(doctor.code, kUnavailable);
    EXPECT_TRUE(contains(doctor.out, c.detail)) << doctor.out;
    EXPECT_TRUE(c.said.empty() ? !contains(doctor.out, "setup gemini") : contains(doctor.out, c.said)) << doctor.out;
  }
}

}  // namespace
}  // namespace batchd::ctl
