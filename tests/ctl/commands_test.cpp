// The program itself, against a scripted daemon.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "ctl/exit_code.h"
#include "tests/ctl/fake_server.h"

namespace batchd::ctl {
namespace {

const std::string kId = "01abcdefghjkm";

std::string file_text(const std::string& path) {
  std::ostringstream text;
  std::ifstream file(path);
  if (file.peek() != EOF) text << file.rdbuf();
  return text.str();
}

struct Ran {
  int code;
  std::string out, err;
};

Ran run(const std::string& socket, const std::string& arguments) {
  const auto folder = temporary_folder();
  const auto command = "env -u BATCHD_SOCKET BATCHD_CONFIG=/nonexistent " BATCHCTL " --socket " + socket + ' ' +
                       arguments + " >" + folder + "/out 2>" + folder + "/err </dev/null";
  const int status = std::system(command.c_str());
  Ran ran{WEXITSTATUS(status), file_text(folder + "/out"), file_text(folder + "/err")};
  std::filesystem::remove_all(folder);
  return ran;
}

std::string object(const std::string& state, const std::string& rest = {}) {
  return R"({"id":")" + kId + R"(","key":"k1","model":"m","state":")" + state + '"' + rest + '}';
}
const std::string kResponse =
    R"(,"response":{"candidates":[{"content":{"parts":[{"text":"four "},{"text":"legs"}]}}],"n":1.50})";
const std::string kError = R"(,"error":{"code":3,"status":"INVALID_ARGUMENT","message":"no","source":"provider"})";

bool starts(const std::string& request, const std::string& line) { return request.rfind(line, 0) == 0; }
std::string header(const std::string& request, const std::string& name) {
  const auto begin = request.find(name + ": ");
  return begin == std::string::npos ? "" : request.substr(begin, request.find("\r\n", begin) - begin);
}
std::string body(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

TEST(CommandLine, MistakesAreUsageErrors) {
  for (const char* arguments : {"", "frobnicate", "submit hello", "submit --model m", "get", "wait", "adopt x",
                                "submit --model m --body f text", "wait x --timeout soon", "status --nonsense",
                                "submit --model m --wait=soon hello"})
    EXPECT_EQ(run("/tmp/none", arguments).code, kUsage) << arguments;
  EXPECT_EQ(run("/tmp/none", "--help").code, kDone);
  EXPECT_EQ(run("/tmp/none", "--version").code, kDone);
}

TEST(CommandLine, NoDaemonIsUnavailable) {
  for (const char* arguments : {"submit -m m hi", "get 01abcdefghjkm", "status", "attention", "health", "doctor"}) {
    const auto ran = run("/tmp/no-such-folder/s", arguments);
    EXPECT_EQ(ran.code, kUnavailable) << arguments;
    EXPECT_NE((ran.out + ran.err).find("batchd"), std::string::npos) << arguments;
  }
}

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

TEST(Get, ProblemsAreToldWithTheirHint) {
  FakeServer server(
      [&](const auto&) { return http_answer(404, R"({"status":404,"detail":"no such","hint":"look"})"); });
  const auto ran = run(server.path(), "get " + kId);
  EXPECT_EQ(ran.code, kBadInput);
  EXPECT_NE(ran.err.find("hint: look"), std::string::npos);
}

TEST(Jsonl, ARepeatedRunSendsTheSameKeysAndAnotherModelOthers) {
  FakeServer server([&](const auto&) { return http_answer(202, object("queued")); });
  const auto file = server.folder() + "/f.jsonl";
  std::ofstream(file) << R"({"key":"a","request":{"contents":[]}})"
                         "\n\n"
                         R"({"key":"b","request":{"contents":[]}})"
                         "\n"
                      << R"({"request":{"contents":[]}})";
  const auto first = run(server.path(), "submit -m m --jsonl " + file);
  EXPECT_EQ(first.code, kDone) << first.err;
  EXPECT_EQ(run(server.path(), "submit -m m --jsonl " + file).code, kDone);
  EXPECT_EQ(run(server.path(), "submit -m other --jsonl " + file).code, kDone);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 9u);
  std::set<std::string> keys;
  for (const auto& request : requests) keys.insert(header(request, "Idempotency-Key"));
  EXPECT_EQ(keys.size(), 6u);
  EXPECT_EQ(body(requests[0]), R"({"model":"m","key":"a","request":{"contents":[]}})");
  EXPECT_EQ(body(requests[2]), R"({"model":"m","request":{"contents":[]}})");
}

TEST(Jsonl, BadLinesAreNamedAndTheOthersGo) {
  FakeServer server([&](const auto&) { return http_answer(202, object("queued")); });
  const auto file = server.folder() + "/f.jsonl";
  std::ofstream(file) << "nonsense\n"
                         R"({"key":"b","request":{"contents":[]}})"
                         "\n"
                         R"({"key":"c"})"
                         "\n";
  const auto ran = run(server.path(), "submit -m m --jsonl " + file);
  EXPECT_EQ(ran.code, kBadInput);
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_NE(ran.err.find("f.jsonl:1:"), std::string::npos);
  EXPECT_NE(ran.err.find("f.jsonl:3:"), std::string::npos);
}

TEST(Jsonl, WaitingPrintsOneLinePerRequest) {
  std::atomic<int> gets = 0;
  FakeServer server([&](const std::string& request) {
    if (starts(request, "POST")) return http_answer(202, object("queued"));
    return http_answer(200, ++gets == 1 ? object("succeeded", kResponse) : object("failed", kError));
  });
  const auto file = server.folder() + "/f.jsonl";
  std::ofstream(file) << R"({"key":"a","request":{}})"
                         "\n"
                         R"({"key":"b","request":{}})"
                         "\n";
  const auto ran = run(server.path(), "submit -m m --wait --jsonl " + file);
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_EQ(ran.out, R"({"key":"k1","id":")" + kId +
                         R"(","state":"succeeded","text":"four legs"})"
                         "\n"
                         R"({"key":"k1","id":")" +
                         kId + R"(","state":"failed",)" + kError.substr(1) + "}\n");
}

const std::string kAdmin = R"({"version":"0.1.0","accepted":3,"purged":0,"balanced":true,
  "requests":{"queued":{"items":2,"oldest_seconds":61},"packed":{"items":1}},
  "batches":{"held":{"items":1,"oldest_seconds":5}},"lanes":[{"account":"default","model":"m","queued":2}],
  "live_batches":[{"id":"01abcdefghjkm","state":"held","model":"m","items":1,"message":"the job answers 404",
  "job":"batches/j1","token":"t1"}],"accounts":[{"name":"default","healthy":false,"detail":"API_KEY_INVALID"}]})";

TEST(Operator, SeesWhatIsHeldAndTheCommandsThatReleaseIt) {
  FakeServer server([&](const auto&) { return http_answer(200, kAdmin); });
  const auto held = run(server.path(), "attention");
  EXPECT_EQ(held.code, kDone);
  EXPECT_NE(held.out.find("the job answers 404"), std::string::npos);
  EXPECT_NE(held.out.find("batchctl adopt 01abcdefghjkm batches/j1"), std::string::npos);
  EXPECT_NE(held.out.find("batchctl requeue 01abcdefghjkm"), std::string::npos);
  const auto table = run(server.path(), "status --admin");
  EXPECT_NE(table.out.find("oldest 61s"), std::string::npos);
  EXPECT_NE(table.out.find("TROUBLE API_KEY_INVALID"), std::string::npos);
  const auto doctor = run(server.path(), "doctor");
  EXPECT_EQ(doctor.code, kUnavailable);
  EXPECT_NE(doctor.out.find("API_KEY_INVALID"), std::string::npos);
}

TEST(Operator, OrdersAreSentOnce) {
  std::atomic<int> count = 0;
  FakeServer server([&](const auto&) { return ++count == 1 ? http_answer(200, "{}") : http_answer(503, "{}"); });
  EXPECT_EQ(run(server.path(), "adopt " + kId + " batches/j1").code, kDone);
  EXPECT_EQ(run(server.path(), "requeue " + kId).code, kTryLater);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_TRUE(starts(requests[0], "POST /admin/batches/" + kId + "/adopt HTTP/1.1\r\n"));
  EXPECT_EQ(body(requests[0]), R"({"job":"batches/j1"})");
  EXPECT_TRUE(starts(requests[1], "POST /admin/batches/" + kId + "/requeue HTTP/1.1\r\n"));
}

TEST(Status, IsTolerantOfShapes) {
  for (const char* shape :
       {R"({"requests":{"queued":2}})", R"({"queued":{"items":2}})", R"({"requests":{"queued":{"items":2}}})"}) {
    FakeServer server([&](const auto&) { return http_answer(200, shape); });
    const auto ran = run(server.path(), "status");
    EXPECT_EQ(ran.code, kDone);
    EXPECT_NE(ran.out.find("queued      2"), std::string::npos) << ran.out;
  }
}

}  // namespace
}  // namespace batchd::ctl
