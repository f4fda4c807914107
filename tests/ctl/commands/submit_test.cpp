// A single request: what is sent, and what is shown.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "ctl/console/exit_code.h"
#include "tests/ctl/program.h"

namespace batchd::ctl {
namespace {

TEST(Submit, PrintsTheIdAndAlwaysSendsAFreshIdempotencyKey) {
  FakeServer server([](const auto&) { return http_answer(202, object("queued")); });
  const auto ran = run(server.path(), R"(submit --model m --key 'a"b' 'say "hi"')");
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, kId + '\n');
  run(server.path(), "submit --model m again");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(body(requests[0]),
            R"({"model":"m","key":"a\"b","request":{"contents":[{"role":"user","parts":[{"text":"say \"hi\""}]}]}})");
  EXPECT_EQ(header(requests[0], "Idempotency-Key").size(), std::string("Idempotency-Key: ").size() + 32);
  EXPECT_NE(header(requests[0], "Idempotency-Key"), header(requests[1], "Idempotency-Key"));
}

TEST(Submit, ABodyGoesVerbatimAndMustBeOneObject) {
  FakeServer server([](const auto&) { return http_answer(202, object("queued")); });
  const auto file = server.folder() + "/body.json";
  std::ofstream(file) << R"({"contents": [], "n": 1.500})";
  EXPECT_EQ(run(server.path(), "submit -m m --body " + file).code, kDone);
  EXPECT_EQ(body(server.requests().at(0)), R"({"model":"m","request":{"contents": [], "n": 1.500}})");
  std::ofstream(file) << R"({}, "model": {})";
  EXPECT_EQ(run(server.path(), "submit -m m --body " + file).code, kBadInput);
  EXPECT_EQ(run(server.path(), "submit -m m --body /nonexistent").code, kBadInput);
  EXPECT_EQ(server.requests().size(), 1u);
}

// A name that is sent as a prompt is paid for.
TEST(Submit, TheNameOfAFileIsNoPrompt) {
  FakeServer server([](const auto&) { return http_answer(202, object("queued")); });
  const auto& folder = server.folder();
  write_file(folder + "/w.json", "{}");
  write_file(folder + "/plain", "{}");
  write_file(folder + "/a b.jsonl.txt", "{}");
  const struct {
    std::string text, words;
  } table[] = {
      {folder + "/w.json", "--body FILE"},
      {folder + "/plain", "--body FILE"},
      {folder + "/a b.jsonl.txt", "is a file"},
      {folder, "is a folder"},
      {folder + "/w.json\r", "is a file"},
      {" " + folder + "/plain\n", "is a file"},
      {"WORK.JSONL\r\n", "--jsonl FILE"},
      {"~/my notes.json", "looks like"},
      {".", "is a folder"},
      {"..", "is a folder"},
      {"/etc/hostname", "--body FILE"},
      {"./no/such", "--body FILE"},
      {"WORK.JSONL", "--jsonl FILE"},
      {"w.jsonl.gz", "zcat"},
      {"W.CSV", "- <FILE"},
      {"notes.txt", "- <FILE"},
      {"@w.json", "--body FILE"},
      {"@" + folder + "/w.json", "--body FILE"},
      {"@everybody, good morning", "begins with @"},
      {"file:///tmp/x", "--body FILE"},
  };
  for (const auto& [text, words] : table) {
    const auto ran = run(server.path(), "submit -m m '" + text + "'");
    EXPECT_EQ(ran.code, kUsage) << text;
    EXPECT_TRUE(contains(ran.err, words) && contains(ran.err, "--text")) << text << ": " << ran.err;
  }
  EXPECT_EQ(server.requests().size(), 0u);

  for (const char* prompt : {"'what is in notes.txt?'", "a.b", "'yes/no'", "--text notes.txt", "--text -"})
    EXPECT_EQ(run(server.path(), std::string("submit -m m ") + prompt).code, kDone) << prompt;
  EXPECT_EQ(run(server.path(), "submit -m m -", "echo notes.txt |").code, kDone);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 6u);
  EXPECT_TRUE(contains(body(requests[3]), R"("text":"notes.txt")"));
  EXPECT_TRUE(contains(body(requests[4]), R"("text":"-")"));
  EXPECT_TRUE(contains(body(requests[5]), R"("text":"notes.txt\n")"));
}

TEST(Submit, NothingToAskIsRefused) {
  FakeServer server([](const auto&) { return http_answer(202, object("queued")); });
  const auto file = server.folder() + "/body.json";
  for (const char* prompt : {"''", "' \t\n'", "--text ''", "'\xE3\x80\x80'", "-", "- <&-"})
    EXPECT_EQ(run(server.path(), std::string("submit -m m ") + prompt).code, kBadInput) << prompt;
  EXPECT_EQ(run(server.path(), "submit -m m -", "echo |").code, kBadInput);
  for (const char* content : {"", " \n", "{}", "[]", "{\"contents\":1", "\xEF\xBB\xBF{\"contents\":1}"}) {
    write_file(file, content);
    const auto ran = run(server.path(), "submit -m m --body " + file);
    EXPECT_EQ(ran.code, kBadInput) << content << ran.err;
  }
  EXPECT_TRUE(contains(run(server.path(), "submit -m m --body " + file).err, "byte order mark"));
  EXPECT_EQ(run(server.path(), "submit -m m --body " + server.folder()).code, kBadInput);
  EXPECT_EQ(server.requests().size(), 0u);
}

// Replaced by U+FFFD it would be another text, and two channels could become one.
TEST(Submit, WhatIsNotUtf8IsRefusedAndNotAltered) {
  FakeServer server([](const auto&) { return http_answer(202, object("queued")); });
  const struct {
    const char* arguments;
    const char* named;
  } table[] = {
      {"submit -m m 'Stra\xDF"
       "e'",
       "prompt isn't UTF-8 at byte 4"},
      {"submit -m m --text 'Stra\xDF"
       "e'",
       "prompt isn't UTF-8 at byte 4"},
      {"submit -m m --key 'a\xFF' hi", "--key: isn't UTF-8 at byte 1"},
      {"submit -m m --label 'a=\xFF' hi", "--label: isn't UTF-8 at byte 2"},
      {"submit -m m --channel '\xFF' hi", "--channel: isn't UTF-8 at byte 0"},
      {"submit -m m --group '\xFF' f.jsonl", "--group: isn't UTF-8"},
      {"submit -m m --account '\xFF' hi", "--account: isn't UTF-8"},
      {"submit -m m --endpoint '\xFF' hi", "--endpoint: isn't UTF-8"},
      {"submit -m '\xFF' hi", "--model: isn't UTF-8"},
      {"results --channel '\xFF'", "--channel: isn't UTF-8"},
      {"results --after '\xFF'", "--after: isn't UTF-8"},
      {"watch --channel '\xFF'", "--channel: isn't UTF-8"},
      {"list --key '\xFF'", "--key: isn't UTF-8"},
      {"cancel --group '\xFF'", "--group: isn't UTF-8"},
      {"pause --model '\xFF'", "--model: isn't UTF-8"},
      {"adopt 01abcdefghjkm '\xFF'", "job: isn't UTF-8"},
  };
  for (const auto& [arguments, named] : table) {
    const auto ran = run(server.path(), arguments);
    EXPECT_TRUE(ran.code == kUsage || ran.code == kBadInput) << arguments << ran.code;
    EXPECT_TRUE(contains(ran.err, named)) << arguments << ran.err;
  }
  EXPECT_EQ(run(server.path(), "submit -m m -", "printf 'Stra\\337e' |").code, kBadInput);
  const auto wide = run(server.path(), "submit -m m -", "printf 'h\\000i\\000' |");
  EXPECT_TRUE(contains(wide.err, "UTF-16LE")) << wide.err;
  EXPECT_EQ(server.requests().size(), 0u);
  EXPECT_EQ(run(server.path(), "submit -m m --key é 'Straße'").code, kDone);
  EXPECT_TRUE(contains(body(server.requests().at(0)), R"("key":"é")"));
}

TEST(Submit, ALostAnswerIsAskedForAgainUnderTheSameKey) {
  std::atomic<int> count = 0;
  FakeServer server([&](const auto&) { return ++count == 1 ? std::string() : http_answer(202, object("queued")); });
  const auto ran = run(server.path(), "submit -m m hi");
  EXPECT_EQ(ran.code, kDone);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(header(requests[0], "Idempotency-Key"), header(requests[1], "Idempotency-Key"));
  EXPECT_NE(ran.err.find("trying again"), std::string::npos);
}

TEST(Submit, WaitingShowsTheText) {
  std::atomic<int> polls = 0;
  FakeServer server([&](const std::string& request) {
    if (starts(request, "POST")) return http_answer(202, object("queued"));
    return http_answer(200, ++polls < 3 ? object("packed") : object("succeeded", kResponse));
  });
  for (const char* wait : {"--wait hello", "--wait=60 hello", "--wait 60 hello", "hello --wait"}) {
    polls = 0;
    const auto ran = run(server.path(), std::string("submit -m m ") + wait);
    EXPECT_EQ(ran.code, kDone) << wait << ran.err;
    EXPECT_EQ(ran.out, "four legs\n") << wait;
  }
}

TEST(Submit, WaitingEndsWithTheLimitOrTheFailure) {
  FakeServer server([&](const auto&) { return http_answer(202, object("packed")); });
  const auto late = run(server.path(), "submit -m m --wait 0 hi");
  EXPECT_EQ(late.code, kTryLater);
  EXPECT_EQ(late.out, "");
  EXPECT_NE(late.err.find("batchctl wait " + kId), std::string::npos);

  FakeServer failing([&](const auto&) { return http_answer(200, object("failed", kError)); });
  const auto failed = run(failing.path(), "wait " + kId);
  EXPECT_EQ(failed.code, kFailed);
  EXPECT_EQ(failed.out, "");
  EXPECT_NE(failed.err.find("INVALID_ARGUMENT: no"), std::string::npos);
}

TEST(Get, JsonIsWhatTheDaemonSent) {
  FakeServer server([&](const auto&) { return http_answer(200, object("succeeded", kResponse) + '\n'); });
  const auto ran = run(server.path(), "--json get " + kId);
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, object("succeeded", kResponse) + '\n');
  EXPECT_EQ(run(server.path(), "get no/such/id").code, kBadInput);
}

TEST(Get, AResponseThatIsNoJsonComesAsItsBytes) {
  const std::string answer = R"(,"response_fault":"not JSON at byte 5: not UTF-8","response_base64":"eyJhIjr/fQ=="})";
  FakeServer server([&](const auto&) {
    const auto plain = object("succeeded");
    return http_answer(200, plain.substr(0, plain.size() - 1) + answer);
  });
  const auto ran = run(server.path(), "get " + kId);
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(ran.out, "{\"a\":\xFF}\n");
  EXPECT_TRUE(contains(ran.err, "not UTF-8")) << ran.err;
}

TEST(Get, JsonIsOneLineForEveryReader) {
  FakeServer server([&](const auto&) {
    return http_answer(200, object("succeeded", ",\"response\":{\n\"a\":\"x\xE2\x80\xA8y\xC2\x85\"}") + "\r\n");
  });
  EXPECT_EQ(run(server.path(), "--json get " + kId).out,
            object("succeeded", R"(,"response":{ "a":"x\u2028y\u0085"})") + " \n");
}

TEST(Get, ProblemsAreToldWithTheirHint) {
  FakeServer server(
      [&](const auto&) { return http_answer(404, R"({"status":404,"detail":"no such","hint":"look"})"); });
  const auto ran = run(server.path(), "get " + kId);
  EXPECT_EQ(ran.code, kBadInput);
  EXPECT_NE(ran.err.find("hint: look"), std::string::npos);
}

}  // namespace
}  // namespace batchd::ctl
