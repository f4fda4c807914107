// Another program: what it is given, what is heard of it, and that it ends.
#include "ctl/system/run_program.h"

#include <gtest/gtest.h>

#include <csignal>

namespace batchd::ctl {
namespace {

std::optional<ProgramEnd> run_script(const std::string& script, std::string_view input = {}, unsigned seconds = 180) {
  return run_program({"sh", "-c", script}, input, seconds);
}

TEST(RunProgram, HasItsInputAndIsHeard) {
  const auto end = run_script("cat; echo wrong >&2; exit 7", "given\n");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 7);
  EXPECT_EQ(end->said, "given\nwrong\n");
}

TEST(RunProgram, MayLeaveItsInputUnread) {
  const auto end = run_script("true", std::string(100'000, 'x'));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 0);
}

TEST(RunProgram, ASignalIsItsEnd) {
  const auto end = run_script("kill -9 $$");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 128 + SIGKILL);
}

TEST(RunProgram, ThatIsNotThereIsTold) { EXPECT_FALSE(run_program({"/nonexistent/program"})); }

TEST(RunProgram, ThatTakesTooLongIsEnded) { EXPECT_FALSE(run_script("while :; do :; done", {}, 1)); }

TEST(RunProgram, ThatSaysTooMuchIsCutOff) {
  const auto end = run_script("while echo more and more; do :; done; exit 5");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 5) << "it sees that it can't write";
  EXPECT_GT(end->said.size(), (64u << 10) - 100);
  EXPECT_LE(end->said.size(), 64u << 10);
}

}  // namespace
}  // namespace batchd::ctl
