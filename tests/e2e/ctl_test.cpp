// batchctl against the real daemon: submitting a file, taking results once, cancelling, retrying, and operators'
// backups and audits.
#include <algorithm>

#include "tests/e2e/e2e_fixture.h"

namespace batchd::e2e {
namespace {

std::string line(const std::string& key, const std::string& prompt) {
  return R"({"key":")" + key + R"(","request":{"contents":[{"parts":[{"text":")" + prompt + "\"}]}]}}\n";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

class Ctl : public E2eTest {
 protected:
  struct Ran {
    std::optional<int> code;
    std::string out, err;
  };
  Ran ran(Process process, const std::string& name) {
    const auto code = process.wait();
    return {code, read_file(folder_.file(name + ".out")), read_file(folder_.file(name + ".err"))};
  }
  Process start_batchctl(const std::string& arguments, const std::string& name) {
    const auto command = std::string("exec ") + BATCHCTL_BINARY + ' ' + arguments + " >" + folder_.file(name + ".out") +
                         " 2>" + folder_.file(name + ".err") + " </dev/null";
    return Process::start({"/bin/sh", {"-c", command}, {{"BATCHD_SOCKET", daemon_->socket()}}, folder_.file("sh.log")});
  }
  Ran batchctl(const std::string& arguments) {
    const auto name = "batchctl." + std::to_string(++calls_);
    return ran(start_batchctl(arguments, name), name);
  }
  std::string file(const std::string& content) {
    const auto path = folder_.file("prompts.jsonl");
    write_file(path, content);
    return path;
  }

  int calls_ = 0;
};

TEST_F(Ctl, AFileComesBackOnceAndIsNeverPaidTwice) {
  start();
  const auto path = file(line("a", "one") + "\n" + line("b", "two") + line("c", "three"));
  const auto command = "submit -m gemini-2.5-flash " + path + " --wait --ack";
  const auto first = batchctl(command);
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(lines_of(first.out), 3U) << first.out;
  for (const char* part : {R"("key":"a")", R"("key":"b")", R"("text":"echo: three")", R"("state":"succeeded")"})
    EXPECT_TRUE(contains(first.out, part)) << part << '\n' << first.out;
  EXPECT_TRUE(contains(first.err, "3 accepted, 0 known before, 0 refused")) << first.err;

  const auto again = batchctl(command);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, "");
  EXPECT_TRUE(contains(again.err, "0 accepted, 3 known before")) << again.err;
  EXPECT_EQ(emulator_->ledger().lines("billed").size(), 3U);
}

TEST_F(Ctl, BadLinesAreNamedAndTheOthersGo) {
  start();
  const auto sent = batchctl("submit -m gemini-2.5-flash --group 'of words' " + file("nonsense\n" + line("b", "two")));
  EXPECT_EQ(sent.code, 65) << sent.err;
  EXPECT_EQ(sent.out, "of words\n");
  EXPECT_TRUE(contains(sent.err, "prompts.jsonl:1: bad_json")) << sent.err;
  const auto differs = batchctl("submit -m gemini-2.5-flash --group 'of words' " + file("\n" + line("b", "other")));
  EXPECT_EQ(differs.code, 65) << differs.err;
  EXPECT_TRUE(contains(differs.err, "prompts.jsonl:2: line_differs")) << differs.err;
}

TEST_F(Ctl, ResultsOfAChannelStayUntilTheyAreAcknowledged) {
  start();
  ASSERT_EQ(
      batchctl("submit -m gemini-2.5-flash --group g --channel mine " + file(line("a", "one") + line("b", "two"))).code,
      0);
  ASSERT_EQ(batchctl("submit -m gemini-2.5-flash --channel mine --label who=me --key c three").code, 0);
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 3; }));

  const auto first = batchctl("results --channel mine --wait");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(lines_of(first.out), 3U) << first.out;
  EXPECT_EQ(batchctl("results --channel mine").out, first.out);
  EXPECT_EQ(batchctl("results").out, "") << "the channel without a name has none";
  const auto some = batchctl("--json results --channel mine --limit 2 --ack");
  EXPECT_EQ(lines_of(some.out), 2U) << some.err;
  EXPECT_EQ(lines_of(batchctl("results --channel mine --ack").out), 1U);
  EXPECT_EQ(batchctl("results --channel mine").out, "");

  EXPECT_EQ(lines_of(batchctl("list --channel mine --limit 2").out), 2U);
  const auto labelled = batchctl("--json list --key c");
  EXPECT_EQ(Json(labelled.out).text("/labels/who"), "me") << labelled.out;
  EXPECT_EQ(lines_of(batchctl("list --state succeeded --all --group g").out), 2U);
}

// With descriptor 1 closed the connection would be in its place: the results would be written into it, and be gone once
// they are acknowledged.
TEST_F(Ctl, WhatNobodyCanSeeIsNotAcknowledged) {
  start();
  ASSERT_EQ(batchctl("submit -m gemini-2.5-flash --channel c one").code, 0);
  ASSERT_TRUE(eventually([&] { return daemon_->in_state("succeeded") == 1; }));
  const auto closed =
      Process::start({"/bin/sh",
                      {"-c", std::string(BATCHCTL_BINARY) + " results --channel c --ack >&- </dev/null"},
                      {{"BATCHD_SOCKET", daemon_->socket()}},
                      folder_.file("closed.log")})
          .wait();
  EXPECT_EQ(closed, 75);
  EXPECT_EQ(lines_of(batchctl("results --channel c --ack").out), 1U) << "it was acknowledged, and nobody saw it";
}

TEST_F(Ctl, WhatIsCancelledNeverGoesAndMayBeSentAgain) {
  start();
  EXPECT_TRUE(contains(batchctl("pause").out, "any\tany\tany"));
  const auto one = batchctl("submit -m gemini-2.5-flash single");
  ASSERT_EQ(one.code, 0) << one.err;
  const auto id = one.out.substr(0, one.out.find('\n'));
  ASSERT_EQ(batchctl("submit -m gemini-2.5-flash --group 'a/b é' " + file(line("a", "one"))).code, 65)
      << "a group's name has no slash";
  ASSERT_EQ(batchctl("submit -m gemini-2.5-flash --group 'a & é' " + file(line("a", "one") + line("b", "two"))).code,
            0);
  EXPECT_EQ(lines_of(batchctl("list --state queued").out), 3U);
  EXPECT_TRUE(contains(batchctl("attention").out, "batchctl resume")) << "a pause is not forgotten";

  EXPECT_EQ(batchctl("cancel " + id).code, 0);
  const auto twice = batchctl("cancel " + id);
  EXPECT_EQ(twice.code, 65) << twice.err;
  const auto group = batchctl("cancel --group 'a & é'");
  EXPECT_EQ(group.code, 0) << group.err;
  EXPECT_TRUE(contains(group.err, "2 cancelled, 0 had finished")) << group.err;
  const auto again = batchctl("retry " + id);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(batchctl("resume").code, 0);
  const auto waited = batchctl("wait " + again.out.substr(0, again.out.find('\n')));
  EXPECT_EQ(waited.out, "echo: single\n") << waited.err;
  EXPECT_EQ(batchctl("wait " + id).code, 1);
  EXPECT_EQ(emulator_->ledger().lines("billed").size(), 1U);
}

TEST_F(Ctl, AnUploadThatTheDaemonDoesNotSurviveGoesOn) {
  start();
  ASSERT_EQ(batchctl("pause").code, 0);
  constexpr int kLines = 6000;
  std::string content;
  for (int i = 0; i < kLines; ++i) content += line("k" + std::to_string(i), std::string(4000, 'x'));
  auto upload = start_batchctl("submit -m gemini-2.5-flash --group large " + file(content), "upload");
  ASSERT_TRUE(eventually([&] { return daemon_->admin_status().number("/accepted") > 0; }));
  daemon_->restart();
  const auto done = ran(std::move(upload), "upload");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "large\n");
  EXPECT_EQ(daemon_->admin_status().number("/accepted"), kLines);
  EXPECT_EQ(daemon_->in_state("queued"), kLines);
}

TEST_F(Ctl, WatchGoesOnAfterTheDaemonCameBack) {
  start();
  auto watch = start_batchctl("watch --channel w", "watch");
  const auto seen = [&] { return lines_of(read_file(folder_.file("watch.out"))); };
  ASSERT_EQ(batchctl("submit -m gemini-2.5-flash --channel w --wait one").code, 0);
  ASSERT_TRUE(eventually([&] { return seen() == 1; }));
  daemon_->restart();
  ASSERT_EQ(batchctl("submit -m gemini-2.5-flash --channel w --wait two").code, 0);
  EXPECT_TRUE(eventually([&] { return seen() == 2; })) << read_file(folder_.file("watch.err"));
  EXPECT_TRUE(contains(read_file(folder_.file("watch.out")), "echo: two"));
}

TEST_F(Ctl, CopiesAndChecksARunningDatabase) {
  start({}, {.tokens = "ops token-of-ops-0123456789 admin\n"});
  ASSERT_EQ(batchctl("submit -m gemini-2.5-flash --wait one").code, 0);
  const auto copy = folder_.file("copy.db");
  const auto backup = batchctl("backup " + copy);
  EXPECT_EQ(backup.code, 0) << backup.err;
  EXPECT_TRUE(read_file(copy).starts_with("SQLite format 3"));
  EXPECT_EQ(batchctl("backup " + copy).code, 65);
  const auto audit = batchctl("audit");
  EXPECT_EQ(audit.code, 0) << audit.out << audit.err;
  EXPECT_TRUE(contains(audit.err, "0 findings")) << audit.err;
  EXPECT_EQ(lines_of(batchctl("batches --all").out), 1U);
  EXPECT_EQ(batchctl("flush").code, 0);
  EXPECT_EQ(batchctl("doctor").code, 0);
  EXPECT_EQ(batchctl("resume-account default").code, 0);

  const auto url = "--url http://127.0.0.1:" + std::to_string(daemon_->tcp_port());
  write_file(folder_.file("token"), "token-of-ops-0123456789\n");
  const auto status = batchctl(url + " --token-file " + folder_.file("token") + " status --admin");
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_EQ(batchctl(url + " status").code, 77);
}

}  // namespace
}  // namespace batchd::e2e
