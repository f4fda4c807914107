// What the command line refuses, its help, and what it says if the daemon isn't there.
#include <gtest/gtest.h>

#include <sstream>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

TEST(CommandLine, MistakesAreUsageErrors) {
  for (const char* arguments : {"",
                                "frobnicate",
                                "submit hello",
                                "submit --model m",
                                "get",
                                "wait",
                                "adopt x",
                                "submit --model m --body f text",
                                "wait x --timeout soon",
                                "status --nonsense",
                                "submit --model m --wait=soon hello",
                                "submit -m m hello --label nonsense",
                                "submit -m m hello --ack",
                                "submit -m m hello --group g",
                                "submit -m m f.jsonl --key k",
                                "submit -m m f.jsonl --label a=b",
                                "submit -m m --jsonl -",
                                "submit -m m hello --text hello",
                                "submit -m m --body f --text hello",
                                "submit -m m --body ''",
                                "submit -m m --account '' hello",
                                "submit -m m --account= hello",
                                "submit -m m --channel '' f.jsonl",
                                "pause --account ''",
                                "results --channel= --ack",
                                "cancel --group ''",
                                "cancel",
                                "cancel --group g 01abcdefghjkm",
                                "retry",
                                "results --limit 0",
                                "results --wait=soon",
                                "list --limit x",
                                "batch",
                                "resume-account",
                                "backup",
                                "setup",
                                "setup gemini --account",
                                "--url https://x status",
                                "--url http://x:y status",
                                "--url http://x --socket y status",
                                "--socket http://127.0.0.1:8090 status"})
    EXPECT_EQ(run_shell(arguments).code, kUsage) << arguments;
  EXPECT_TRUE(contains(run_shell("--socket http://127.0.0.1:8090 status").err, "--url"));
  const auto named = run_shell("status", "BATCHD_SOCKET=http://127.0.0.1:8090");
  EXPECT_EQ(named.code, kUsage);
  EXPECT_TRUE(contains(named.err, "$BATCHD_URL")) << named.err;
  EXPECT_EQ(run_shell("--help").code, kDone);
  EXPECT_EQ(run_shell("--version").code, kDone);
}

TEST(CommandLine, UnknownCommandsNameTheNearest) {
  EXPECT_TRUE(contains(run_shell("lits").err, "did you mean list?"));
  EXPECT_TRUE(contains(run_shell("--socket batch attentoin").err, "did you mean attention?"));
  EXPECT_TRUE(contains(run_shell("--json xxxxxxxxxxxxx").err, "--help"));
  EXPECT_FALSE(contains(run_shell("submit --model m").err, "there is no command"));
}

TEST(CommandLine, EveryCommandHasHelpWithAnExample) {
  std::istringstream words(run_shell("complete").out);
  int commands = 0;
  for (std::string word; words >> word && !starts(word, "--"); ++commands) {
    const auto help = run_shell(word + " --help");
    EXPECT_EQ(help.code, kDone) << word;
    EXPECT_TRUE(contains(help.out, "batchctl " + word)) << help.out;
    EXPECT_TRUE(contains(run_shell("--help").out, "  " + word + ' ')) << word;
  }
  EXPECT_EQ(commands, 23);
}

TEST(CommandLine, NoDaemonIsUnavailable) {
  for (const char* arguments : {"submit -m m hi", "get 01abcdefghjkm", "status", "attention", "health", "doctor",
                                "results", "watch", "list", "batches", "audit", "flush"}) {
    for (const char* address : {"--socket /tmp/no-such-folder/s ", "--url http://127.0.0.1:1 "}) {
      const auto ran = run_shell(std::string(address) + arguments);
      EXPECT_EQ(ran.code, kUnavailable) << address << arguments;
      EXPECT_TRUE(contains(ran.out + ran.err, "isn't")) << address << arguments << ran.err;
    }
  }
}

TEST(CommandLine, BashCompletesCommandsOptionsAndFiles) {
  const auto folder = temporary_folder();
  write_file(folder + "/prompts.jsonl", "");
  const auto script = folder + "/try";
  write_file(script, R"(set -e
source )" SOURCE_FOLDER R"(/ctl/completion.bash
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _batchctl; echo "${COMPREPLY[*]}"; }
PATH=$(dirname )" BATCHCTL R"():$PATH
try batchctl attent
try batchctl --socket x li
try batchctl list --sta
try batchctl submit --on-deadline k
try batchctl setup ge
try batchctl setup gemini --no-c
try batchctl submit --model m )" +
                         folder + R"(/pro
)");
  const auto out = folder + "/out";
  ASSERT_EQ(std::system(("bash -n " SOURCE_FOLDER "/ctl/completion.bash && bash " + script + " >" + out).c_str()), 0);
  EXPECT_EQ(file_text(out), "attention\nlist\n--state\nkeep\ngemini\n--no-check\n" + folder + "/prompts.jsonl\n");
}

}  // namespace
}  // namespace batchd::ctl
